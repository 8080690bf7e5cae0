"""A secret as a type: it masks itself wherever it could be shown, and only its user unwraps it."""

from __future__ import annotations

from typing import Final, NoReturn, Self, final

MASK: Final = "********"


@final
class Secret:
    """A string that must not be seen: `repr`, `str`, formatting and comparison give nothing away.

    `reveal()` is the one way to the value, easy to find in a review. Two secrets are equal only if they are
    the same object, so neither `==` nor `hash` can be used to guess. It can't be pickled or turned into JSON;
    a copy (`copy`, `dataclasses.asdict`) is the same object, so no second one comes to lie in memory.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself, for the one call that hands it over."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, format_spec: str) -> str:
        return format(MASK, format_spec)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not to be pickled")

    def __getstate__(self) -> NoReturn:
        # The inherited one hands out the slots' values.
        raise TypeError("a Secret is not to be pickled")
