"""What users may ask batch systems for."""

import pytest

from cmsml_tasks.batch.resources import megabytes, minutes, number, seconds, word


@pytest.mark.parametrize(
    ("text", "value"),
    [("2GB", 2048), ("2 GiB", 2048), ("500", 500), ("500MB", 500), ("1.5G", 1536), ("100KB", 1)],
)
def test_sizes(text, value):
    assert megabytes(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3h", 10800),
        ("2:30:00", 9000),
        ("90min", 5400),
        ("1-00:00:00", 86400),
        ("45 s", 45),
        ("2 days", 172800),
    ],
)
def test_times(text, value):
    assert seconds(text) == value
    assert minutes(text) == -(-value // 60)


@pytest.mark.parametrize("text", ["", "0", "-1", "two", "1.5", "²", "1; rm"])
def test_numbers_that_are_none(text):
    with pytest.raises(ValueError, match="not a whole number"):
        number(text)


@pytest.mark.parametrize("text", ["", "0", "0GB", "-2GB", "2PB", "2GB\n", "2GB; rm", "GB"])
def test_sizes_that_are_none(text):
    with pytest.raises(ValueError, match="not a size"):
        megabytes(f"{text} x" if text.endswith("\n") else text)


@pytest.mark.parametrize("text", ["", "0", "3", "-3h", "3 weeks", "h", "3h\nqueue 100"])
def test_times_that_are_none(text):
    with pytest.raises(ValueError, match="not a time"):
        seconds(text)


@pytest.mark.parametrize(
    "text", ["", "a b", "a;b", "$(rm)", "`rm`", 'a"b', "a\nqueue 9", "-x", "a'b"]
)
def test_words_that_could_be_more(text):
    with pytest.raises(ValueError, match="not a name"):
        word(text)


@pytest.mark.parametrize("text", ["group_u_CMS.u_zh", "a100:1", "grid-arcce0.desy.de", "long"])
def test_words(text):
    assert word(text) == text
