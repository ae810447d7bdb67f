"""What both families have in common: the headers of Standard Webhooks."""

from pydantic import BaseModel, Field


class StandardHeaders(BaseModel):
    """Enough for any stock library to verify an event."""

    message_id: str = Field(alias="webhook-id", description="The same in every attempt.")
    stamp: str = Field(alias="webhook-timestamp", description="Unix seconds of this attempt.")
    standard: str = Field(alias="webhook-signature", description="v1,<base64>, as in Standard Webhooks.")
