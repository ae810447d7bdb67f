"""Plays `meetbot demo` and draws what its terminal showed: `python docs/render_demo.py` writes docs/images/demo.svg.

It is a recording: the story is really played, and the picture is drawn only if all of it arrived.
"""

import asyncio
import re
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from agent.cli.demo import play
from agent.sandbox.demo import stories

PICTURE = Path(__file__).parent / "images" / "demo.svg"
COLUMNS = 104
FONT_FACE = re.compile(r"@font-face\s*\{.*?\}", re.S)


def main() -> int:
    """Play, record, draw."""
    with tempfile.TemporaryDirectory(prefix="demo-", ignore_cleanup_errors=True) as where:
        console = Console(record=True, width=COLUMNS, force_terminal=True, color_system="truecolor")
        story = stories.STORIES["happy"]
        result = asyncio.run(play(story, Path(where), console, keep=False, as_json=False))
        # A picture in a README fetches no font from anywhere.
        picture = FONT_FACE.sub("", console.export_svg(title="make demo"))
    if result["ok"]:
        PICTURE.write_text(picture)
    return 0 if result["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
