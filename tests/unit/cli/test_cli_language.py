"""The language is chosen before anything is declared."""

import pytest

from cli.language import choose_language
from pki.words import Language


@pytest.mark.parametrize(
    ("arguments", "environment", "expected"),
    [
        (["--lang", "en"], {"ANTIN_LANG": "vi"}, Language.EN),
        (["verify", "a.pdf", "--lang=en"], {}, Language.EN),
        ([], {"ANTIN_LANG": "en", "LANG": "vi_VN.UTF-8"}, Language.EN),
        ([], {"LC_ALL": "en_US.UTF-8", "LANG": "vi_VN.UTF-8"}, Language.EN),
        ([], {"LANG": "vi_VN.UTF-8"}, Language.VI),
        ([], {"LANG": "C.UTF-8"}, Language.VI),
        ([], {}, Language.VI),
        (["--lang"], {}, Language.VI),
        (["--lang", "xx"], {"LANG": "en"}, Language.EN),
        (["verify", "--", "--lang=en"], {}, Language.VI),
    ],
)
def test_option_then_environment_then_locale_then_vietnamese(arguments, environment, expected):
    assert choose_language(arguments, environment) is expected
