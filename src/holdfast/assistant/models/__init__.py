"""Language models as answerers; nothing here loads one before it is asked."""

from holdfast.assistant.models.choosing import answerers_of

__all__ = ["answerers_of"]
