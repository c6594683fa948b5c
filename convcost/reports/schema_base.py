"""What the published JSON Schemas share: models without further keys, and lists of sizes."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

Shape = list[int]
Axes = list[int]


class Document(BaseModel):
    """Part of what convcost prints: each key is known, and stays what it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)
