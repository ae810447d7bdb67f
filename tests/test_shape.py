"""The shape of the tree, checked like any other behaviour. Direction of imports: see importlinter in pyproject.toml."""

import ast
import re
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
AGENT = ROOT / "agent"
MODULES = sorted(AGENT.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

# Written once by the migration tool and never changed; size says nothing about them.
WRITTEN = [module for module in MODULES if "migrations/versions" not in module.as_posix()]

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "core", "manager", "managers", "misc"}

# Where each library lives; nobody else may import it.
HOMES = {
    "aiosmtplib": ("delivery/",),
    "aiosmtpd": ("invites/smtp.py", "sandbox/"),
    "alembic": ("store/",),
    "apscheduler": ("daemon/ticks.py",),
    "argon2": ("lifecycle/", "web/"),
    "dbos": ("engine.py",),
    "fastapi": ("web/", "daemon/http.py", "sandbox/"),
    "googleapiclient": ("invites/",),
    "icalendar": ("rules/", "delivery/itip.py", "sandbox/"),
    "jinja2": ("delivery/", "web/"),
    "nh3": ("delivery/", "web/"),
    "openai": ("summary/",),
    "playwright": ("meet/",),
    "prometheus_client": ("daemon/metrics.py",),
    "psycopg": ("store/",),
    "pysqlite3": ("store/",),
    "recurring_ical_events": ("rules/",),
    "rich": ("cli/",),
    "sqlalchemy": ("store/", "model/tables/", "engine.py", "lifecycle/"),
    "sqlmodel": ("store/", "model/tables/", "engine.py", "lifecycle/"),
    "typer": ("cli/",),
    "uvicorn": ("daemon/", "sandbox/"),
}
# One place reads the environment.
ENVIRONMENT_HOME = "config/load.py"
# Distributions whose module has another name.
IMPORTED_AS = {
    "argon2-cffi": "argon2",
    "dkimpy": "dkim",
    "dnspython": "dns",
    "google-api-python-client": "googleapiclient",
    "google-auth": "google",
    "google-auth-oauthlib": "google_auth_oauthlib",
    "pyjwt": "jwt",
    "pyspf": "spf",
    "python-dateutil": "dateutil",
    "python-ulid": "ulid",
    "pyyaml": "yaml",
}


def here(module: Path) -> str:
    return module.relative_to(AGENT).as_posix()


@cache
def parsed(module: Path) -> ast.Module:
    return ast.parse(module.read_text())


def imports(module: Path) -> set[str]:
    """The modules a module imports, in full, wherever the statement stands."""
    found = set()
    for node in ast.walk(parsed(module)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found


def functions(module: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    nodes = ast.walk(parsed(module))
    return [node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


@pytest.mark.parametrize("module", MODULES, ids=here)
def test_a_library_stays_in_its_home(module):
    for library in {name.split(".")[0] for name in imports(module)} & HOMES.keys():
        assert here(module).startswith(HOMES[library]), f"{library} lives in {', '.join(HOMES[library])}"


@pytest.mark.parametrize("module", WRITTEN, ids=here)
def test_a_module_fits_in_the_head(module):
    assert len(module.read_text().splitlines()) <= MAX_FILE_LINES


@pytest.mark.parametrize("module", WRITTEN, ids=here)
def test_a_function_fits_on_a_screen(module):
    for function in functions(module):
        length = (function.end_lineno or 0) - function.lineno + 1
        assert length <= MAX_FUNCTION_LINES, f"{function.name} is {length} lines"


@pytest.mark.parametrize("module", MODULES, ids=here)
def test_imports_stand_at_the_top(module):
    for function in functions(module):
        for node in ast.walk(function):
            assert not isinstance(node, ast.Import | ast.ImportFrom), f"{function.name} hides an import"


@pytest.mark.parametrize("module", MODULES, ids=here)
def test_a_name_says_what_belongs_there(module):
    assert not VAGUE_NAMES & set(Path(here(module)).with_suffix("").parts)


@pytest.mark.parametrize("module", MODULES, ids=here)
def test_a_module_says_what_it_is_for(module):
    tree = parsed(module)
    assert ast.get_docstring(tree) or not tree.body, "begins without a docstring"


@pytest.mark.parametrize(
    "module", [module for module in MODULES if here(module) != ENVIRONMENT_HOME], ids=here
)
def test_one_place_reads_the_environment(module):
    for node in ast.walk(parsed(module)):
        name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
        assert name not in {"environ", "getenv", "environb"}, "read it in config.load and hand it down"


def test_route_families_are_strangers():
    families = {path.parent.name for path in (AGENT / "web").glob("*/__init__.py")}
    for family in families:
        for module in (AGENT / "web" / family).rglob("*.py"):
            others = {name.split(".")[2] for name in imports(module) if name.startswith("agent.web.")}
            assert not (others & families) - {family}, f"{here(module)} knows another family"


@pytest.mark.parametrize("test", TESTS, ids=lambda path: path.relative_to(ROOT / "tests").as_posix())
def test_a_test_is_named_by_a_sentence(test):
    for function in functions(test):
        if function.name.startswith("test_"):
            assert function.name.count("_") >= 2, function.name


def test_every_import_is_a_dependency():
    names = {re.split(r"[^\w-]", line)[0] for line in PROJECT["dependencies"]}
    declared = {IMPORTED_AS.get(name, name.replace("-", "_")) for name in names}
    brought_along = {
        "starlette",
        "sqlalchemy",
        "google_auth_httplib2",
        "httplib2",
    }  # by fastapi, sqlmodel, google
    used = {name.split(".")[0] for module in MODULES for name in imports(module)}
    assert used - sys.stdlib_module_names - {"agent"} <= declared | brought_along


def test_the_lock_names_hashes_and_no_hosts():
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    assert not re.search(r"^--(index|extra|find|trusted)", lock, re.M)
    pinned = re.findall(r"^([\w.-]+)==\S+(.*?)(?=^\w|\Z)", lock, re.M | re.S)
    assert all("--hash=sha256:" in rest for _name, rest in pinned)
    names = {re.split(r"[^\w-]", line)[0] for line in PROJECT["dependencies"]}
    assert names <= {name for name, _rest in pinned}
