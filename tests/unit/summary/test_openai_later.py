import subprocess
import sys


def said(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout


def test_the_built_in_summary_does_without_the_library():
    program = (
        "import sys, agent.summary.adapter, agent.summary.listening; print('openai.types' in sys.modules)"
    )
    assert said(program) == "False\n"


def test_the_library_is_there_when_a_model_is_asked_for():
    program = (
        "from agent.summary.client import ChatModel; print(ChatModel('http://127.0.0.1/v1', 'm', '').name)"
    )
    assert said(program) == "m\n"
