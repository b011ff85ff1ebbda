"""Sealing and signing: what was changed, moved or made by somebody else is worth nothing."""

import pytest

from reconciler.errors import ConfigurationError
from reconciler.store.sealing import Keyring

OLD, NEW = "k1:" + "11" * 32, "k2:" + "22" * 32
KEYS = Keyring.parse(NEW)


def test_what_was_sealed_opens_under_its_own_name_only() -> None:
    sealed = KEYS.seal(b"manifests", "render:a")
    assert KEYS.open(sealed, "render:a") == b"manifests"
    assert KEYS.open(sealed, "render:b") is None


@pytest.mark.parametrize("position", [4, 20, -1])
def test_one_flipped_bit_is_a_miss(position: int) -> None:
    sealed = bytearray(KEYS.seal(b"manifests", "render:a"))
    sealed[position] ^= 1
    assert KEYS.open(bytes(sealed), "render:a") is None


@pytest.mark.parametrize("length", [0, 2, 3, 10, 40])
def test_a_truncated_value_is_a_miss(length: int) -> None:
    assert KEYS.open(KEYS.seal(b"manifests", "a")[:length], "a") is None
    assert KEYS.verified(KEYS.signed(b"record of a pass, long enough", "record", "a")[:length], "record", "a") is None


def test_sealed_content_is_not_readable_and_never_the_same_twice() -> None:
    first, second = KEYS.seal(b"password", "a"), KEYS.seal(b"password", "a")
    assert b"password" not in first
    assert first != second


def test_a_rotated_key_opens_what_the_older_one_sealed() -> None:
    both = Keyring.parse(f"{NEW},{OLD}")
    assert both.open(Keyring.parse(OLD).seal(b"x", "a"), "a") == b"x"
    assert KEYS.open(both.seal(b"x", "a"), "a") == b"x"


def test_an_unknown_key_id_is_a_miss() -> None:
    assert KEYS.open(Keyring.parse(OLD).seal(b"x", "a"), "a") is None
    assert KEYS.verified(Keyring.parse(OLD).signed(b"x", "record", "a"), "record", "a") is None


def test_the_same_id_with_another_secret_is_a_miss() -> None:
    stranger = Keyring.parse("k2:" + "33" * 32)
    assert KEYS.open(stranger.seal(b"x", "a"), "a") is None
    assert KEYS.verified(stranger.signed(b"x", "record", "a"), "record", "a") is None


def test_a_signature_holds_for_its_purpose_and_name_only() -> None:
    signed = KEYS.signed(b"record", "record", "argocd/a")
    assert KEYS.verified(signed, "record", "argocd/a") == b"record"
    assert KEYS.verified(signed, "summary", "argocd/a") is None
    assert KEYS.verified(signed, "record", "argocd/b") is None


def test_parts_of_a_mac_cannot_be_shifted_into_each_other() -> None:
    mac = KEYS.mac(["ab", "c"], "message")
    assert KEYS.is_mac(mac, ["ab", "c"], "message")
    assert not KEYS.is_mac(mac, ["a", "bc"], "message")
    assert not KEYS.is_mac(mac, ["ab", "c", ""], "message")


@pytest.mark.parametrize("mac", ["", ":", "k2", "k2:", "k2:zz", "é:00", "k2:é"])
def test_a_mac_that_is_none_is_refused(mac: str) -> None:
    assert not KEYS.is_mac(mac, ["a"], "message")


def test_a_digest_needs_the_key() -> None:
    assert KEYS.digest(b"x") == KEYS.digest(b"x")
    assert KEYS.digest(b"x") != KEYS.digest(b"y")
    assert KEYS.digest(b"x") != Keyring.parse(OLD).digest(b"x")


@pytest.mark.parametrize("text", ["", " ", "k1", "k1:", "k1:zz", "k1:" + "11" * 31, ":" + "11" * 32, f"{OLD},{OLD}"])
def test_a_root_key_that_is_none_is_named_without_showing_it(text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Keyring.parse(text)
    assert "RECONCILER_ROOT_KEY" in str(caught.value)
    assert "11" * 8 not in str(caught.value)


def test_a_key_is_not_printed() -> None:
    assert "22" * 8 not in repr(KEYS)
    assert (b"\x22" * 8).decode() not in repr(KEYS)
