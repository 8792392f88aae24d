import pytest

from cmsml_tasks.observing.place_variables import says_where
from cmsml_tasks.processes.isolated import call_observed


def test_variables_that_the_users_code_asks_for(monkeypatch):
    for name in ("ITEM", "IN", "BYTES", "EXPANDED", "TEMPLATE", "SPAWNED", "SET_BY_ITSELF"):
        monkeypatch.setenv(f"ASKED_{name}", f"the {name}")
    _, observed = call_observed("asking:ask")
    assert observed.variables == {
        "ASKED_BYTES": "the BYTES",
        "ASKED_DEFAULT": None,
        "ASKED_EXEC": None,
        "ASKED_EXPANDED": "the EXPANDED",
        "ASKED_FACTORY": None,
        "ASKED_FORKED": None,
        "ASKED_GET": None,
        "ASKED_GETENV": None,
        "ASKED_IN": "the IN",
        "ASKED_ITEM": "the ITEM",
        "ASKED_POP": None,
        "ASKED_SETDEFAULT": None,
        "ASKED_SPAWNED": "the SPAWNED",
        "ASKED_TEMPLATE": "the TEMPLATE",
    }


def test_copies_libraries_and_places_do_not_count():
    _, observed = call_observed(
        "asking:copy_and_leave_to_libraries", environment={"GIVEN": "1", "PYTHONHASHSEED": "0"}
    )
    assert observed.variables == {}


def test_environment_behaves_as_ever():
    call_observed("asking:behave")


@pytest.mark.parametrize(
    "name", ["HOME", "TMPDIR", "SLURM_JOB_ID", "_CONDOR_JOB_AD", "BEARER_TOKEN_FILE", "CMSML_STORE"]
)
def test_variable_of_place(name):
    assert says_where(name)


@pytest.mark.parametrize("name", ["WIDE", "ERA", "HOMEWORK", "MY_PATH", "SLURMS", "CONFIG_PATH"])
def test_variable_of_the_work(name):
    assert not says_where(name)
