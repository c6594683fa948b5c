"""A mapping of fields -> a LayerSpec, with what pydantic refuses in convcost's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convcost.language.layers import LayerSpec
from convcost.language.places import Nowhere, Origin


def read_mapping(raw: Mapping[str, Any], origin: Origin | None = None) -> LayerSpec:
    """A mapping as a LayerSpec. Raises SpecError in convcost's words."""
    from pydantic import ValidationError

    try:
        return LayerSpec.model_validate(dict(raw))
    except ValidationError as error:
        from convcost.language.problems import explain_layer

        raise (origin or Nowhere()).error(explain_layer(raw, error)) from None
