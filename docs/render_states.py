"""Writes the state diagram of a job between its marks in ARCHITECTURE.md, from the table the program uses."""

from pathlib import Path

from agent.rules.lifecycle import mermaid

PAGE = Path(__file__).parents[1] / "ARCHITECTURE.md"
BEGIN, END = "<!-- states: begin -->\n", "<!-- states: end -->"


def main() -> None:
    """Rewrite the page."""
    text = PAGE.read_text()
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    PAGE.write_text(f"{before}{BEGIN}\n```mermaid\n{mermaid()}\n```\n\n{END}{after}")


if __name__ == "__main__":
    main()
