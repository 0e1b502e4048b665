"""Model fields of personal data: an encrypted text, and the keyed hash it is found by."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core import checks
from django.core.exceptions import FieldDoesNotExist, FieldError
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.query_utils import DeferredAttribute

from core.language import mask_payment
from core.privacy.cipher import Ciphertext, PrivacyError, encrypt
from core.privacy.keys import blind_index

_ROW_KEY = "row_key"

if TYPE_CHECKING:  # Django's field classes take type arguments only in their stubs.
    _TextField = models.TextField[Any, Any]
    _CharField = models.CharField[Any, Any]
else:
    _TextField, _CharField = models.TextField, models.CharField


class _Sealed(bytes):
    """Bytes that were encrypted for the row they are written to."""


class _EncryptedAttribute(DeferredAttribute):
    """Opens the value when somebody reads it, not when the row is loaded."""

    field: "EncryptedTextField"

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        value = super().__get__(instance, cls)
        if instance is not None and isinstance(value, Ciphertext):
            return value.open(self.field.place(instance.row_key))
        return value

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__[self.field.attname] = value


class EncryptedTextField(_TextField):
    """Text stored as AES-256-GCM. The model must be an EncryptedRow.

    It cannot be searched, compared or updated in bulk; search goes through a BlindIndexField.
    `values()` gives Ciphertext, opened with `decrypt(ciphertext, row_key)`.
    """

    descriptor_class = _EncryptedAttribute

    def get_internal_type(self) -> str:
        return "BinaryField"

    def place(self, row_key: UUID | str) -> str:
        """Where a value stands: table.column.row."""
        return f"{self.model._meta.db_table}.{self.column}.{row_key}"

    def decrypt(self, value: Ciphertext | None, row_key: UUID | str) -> str | None:
        """The text of a value read with `values()`, together with its row's key."""
        return None if value is None else value.open(self.place(row_key))

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = model_instance.__dict__.get(self.attname)
        if isinstance(value, Ciphertext) and not add:
            return _Sealed(value.blob)
        plain = getattr(model_instance, self.attname)
        if plain is None:
            return None
        return _Sealed(encrypt(self.to_python(plain), self.place(model_instance.row_key)))  # type: ignore[attr-defined]

    def get_prep_value(self, value: Any) -> Any:
        return value

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        if value is None or hasattr(value, "as_sql"):
            return value
        if value == "":
            value = _Sealed(b"")
        if not isinstance(value, _Sealed):
            raise PrivacyError(
                f"{self.model._meta.label}.{self.name} is encrypted row by row: "
                "change it on instances with save() or bulk_create(), not with update()."
            )
        return connection.Database.Binary(value)  # type: ignore[attr-defined]

    def from_db_value(self, value: Any, expression: Any, connection: BaseDatabaseWrapper) -> Ciphertext | None:
        return None if value is None else Ciphertext(bytes(value))

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name == "isnull":
            return super().get_lookup(lookup_name)
        raise FieldError(
            f"{self.model._meta.label}.{self.name} is encrypted and cannot be searched; "
            "filter its blind index: filter(phone_index=blind_index('phone', value))."
        )

    def get_transform(self, lookup_name: str) -> Any:
        return self.get_lookup(lookup_name)

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        found = super().check(**kwargs)
        try:
            self.model._meta.get_field(_ROW_KEY)
        except FieldDoesNotExist:
            hint = "Derive the model from core.privacy.EncryptedRow."
            found.append(checks.Error("An encrypted field needs a row_key.", hint=hint, obj=self, id="core.E101"))
        return found


class _WrittenAttribute(_EncryptedAttribute):
    def __get__(self, instance: Any, cls: Any = None) -> Any:
        value = super().__get__(instance, cls)
        return mask_payment(value) if isinstance(value, str) else value


class WrittenTextField(EncryptedTextField):
    """Encrypted text that people write freely: bank card and identity numbers in it are masked.

    In storage, because what is saved is what is read; and on reading, for what was stored before there was
    this rule (`bin/manage mask --stored` masks that for good).
    """

    descriptor_class = _WrittenAttribute

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, _path, args, kwargs = super().deconstruct()
        # The column is the same; only its readers and writers differ.
        return name, "core.privacy.fields.EncryptedTextField", args, kwargs

    def decrypt(self, value: Ciphertext | None, row_key: UUID | str) -> str | None:
        text = super().decrypt(value, row_key)
        return None if text is None else mask_payment(text)


class BlindIndexField(_CharField):
    """The keyed hash of an encrypted field, kept in step with it on every save.

    `label` (the source's name by default) keeps meanings apart; `normalize` brings a value into
    its one written form before hashing. `digest(value)` is what to filter for.
    """

    def __init__(
        self,
        *args: Any,
        source: str,
        label: str = "",
        normalize: Callable[[str], str] | None = None,
        **kwargs: Any,
    ) -> None:
        self.source = source
        self.label = label or source
        self.normalize = normalize
        kwargs.setdefault("max_length", 32)
        kwargs.setdefault("editable", False)
        kwargs.setdefault("blank", True)
        kwargs.setdefault("default", "")
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        # How the value is computed is no matter of the table; migrations need only the column.
        return name, path, args, {**kwargs, "source": self.source}

    def digest(self, value: str | None) -> str:
        """The hash of `value`, normalised; "" for nothing."""
        text = (value or "").strip()
        return blind_index(self.label, self.normalize(text) if self.normalize and text else text)

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        untouched = isinstance(model_instance.__dict__.get(self.source), Ciphertext)
        if untouched and not add and self.attname in model_instance.__dict__:
            return str(getattr(model_instance, self.attname))
        digest = self.digest(getattr(model_instance, self.source))
        setattr(model_instance, self.attname, digest)
        return digest
