"""Configuration: one typed object from `holdfast.toml` and HOLDFAST_*.

The only place that reads the environment or a configuration file. It is called by the command line
and the server; everything below receives values. Environment beats file, file beats default. All
mistakes are reported at once, and unknown names are mistakes.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from holdfast.errors import BadSettings

__all__ = ["Secret", "Settings", "default_config_dir", "default_data_dir", "load_settings"]

_PREFIX = "HOLDFAST_"
_PARTS = {
    "model": ("model_base_url", "model_api_key"),
    "fallback_model": ("fallback_base_url", "fallback_api_key"),
    "transcriber": ("transcriber_model", "transcriber_base_url", "transcriber_api_key"),
    "proxy_base_url": ("proxy_api_key",),
    "embedder_base_url": ("embedder_model", "embedder_dimensions", "embedder_api_key"),
}
"""What does nothing by itself: without a word of it somebody would wait for what never comes."""


class Secret:
    """A value that never prints itself."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value, for whoever must use it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


def default_data_dir() -> Path:
    """The user's data directory for holdfast (XDG_DATA_HOME on Linux)."""
    import platformdirs

    return Path(platformdirs.user_data_dir("holdfast", appauthor=False))


def default_config_dir() -> Path:
    """The user's configuration directory for holdfast (XDG_CONFIG_HOME on Linux)."""
    import platformdirs

    return Path(platformdirs.user_config_dir("holdfast", appauthor=False))


def _setting(default: Any, about: str, **extra: Any) -> Any:  # dataclasses.field is untyped too
    metadata = {"about": about, **extra}
    if callable(default):
        return field(default_factory=default, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be configured. Each field is HOLDFAST_<NAME> and a key of the file."""

    data_dir: Path = _setting(default_data_dir, "Where the database and its indexes lie.")
    config_dir: Path = _setting(
        default_config_dir, "Where the root key lies by default; never inside the data directory."
    )
    database_url: str = _setting(
        "", "The database, as sqlite:///path; holdfast.db in the data directory when empty."
    )
    keys_path: Path | None = _setting(
        None, "The file of wrapped keys; beside the database when left out."
    )
    root_key: Secret | None = _setting(
        None, "The root key itself, as a key file holds it; instead of a key file."
    )
    root_key_file: Path | None = _setting(
        None, "The file with the root key; root.key in the configuration directory when left out."
    )
    root_passphrase: Secret | None = _setting(
        None, "A passphrase that the root key is stretched from (Argon2id); instead of a key file."
    )
    root_keyring: bool = _setting(
        False, "Keep the root key in the operating system's keyring (extra `keyring`)."
    )
    account: str = _setting("local", "The tenant whose users these are.")
    user: str = _setting("me", "The user that commands speak for when --user is not given.")
    assistant: str = _setting("helper", "The assistant that `holdfast chat` talks to.")
    embedder: str = _setting(
        "static",
        "How meaning is compared: static (bundled), minilm (extra `minilm`) or endpoint (an "
        "OpenAI-compatible one, which is sent all that was said, in clear). The last two take over "
        "from static in the background; `holdfast embed` waits for that.",
        choices=("static", "minilm", "endpoint"),
    )
    embedder_base_url: str = _setting(
        "", "The endpoint for embeddings, ending in /v1; only with embedder = endpoint."
    )
    embedder_model: str = _setting("", "The model's name at that endpoint.")
    embedder_dimensions: int = _setting(
        0, "How many numbers a vector of that model has.", low=0, high=4096
    )
    embedder_shorten: bool = _setting(
        False, "Ask that model to shorten its vectors to embedder_dimensions: only some can."
    )
    embedder_api_key: Secret | None = _setting(None, "The key of that endpoint.")
    embedder_timeout_s: float = _setting(
        10.0, "How long that endpoint may take for one request, in seconds.", low=0.1, high=600
    )
    index_dir: Path | None = _setting(
        None, "Where sealed index snapshots lie; beside the database when left out."
    )
    index_memory_mb: int = _setting(
        2048, "Indexes of all vaults together stay below so many MiB of memory.", low=16
    )
    max_text_mb: int = _setting(16, "The longest text of one message, in MiB.", low=1, high=64)
    max_file_mb: int = _setting(64, "The largest file of one message, in MiB.", low=1, high=1024)
    busy_timeout_s: float = _setting(
        5.0, "How long a write waits for another process, in seconds.", low=0.1, high=60
    )
    model: str = _setting(
        "",
        "Who words the answers: openai:NAME, anthropic:NAME, ollama:NAME or local (extra `local`); "
        "an assistant that only quotes when empty.",
    )
    model_base_url: str = _setting(
        "",
        "Where the model is reached when not at its provider: an OpenAI-compatible endpoint ending "
        "in /v1 for openai: and ollama: models.",
    )
    model_api_key: Secret | None = _setting(None, "The key of the model's provider.")
    fallback_model: str = _setting(
        "", "Who answers when the model fails, in the same form; `quoting` is one, too."
    )
    fallback_base_url: str = _setting(
        "",
        "As model_base_url, for the fallback; when empty that of a model of the same provider.",
    )
    fallback_api_key: Secret | None = _setting(
        None, "As model_api_key, for the fallback; when empty that of a model of the same provider."
    )
    model_timeout_s: float = _setting(
        60.0, "How long a model may be silent before it has failed, in seconds.", low=0.1, high=3600
    )
    max_answer_tokens: int = _setting(
        2048, "A model's answer is cut off after so many tokens.", low=16, high=200_000
    )
    tool_timeout_s: float = _setting(
        30.0, "How long a tool may run before it has failed, in seconds.", low=0.1, high=3600
    )
    context_tokens: int = _setting(
        4000, "What was said before takes at most so many tokens of a question to a model.", low=100
    )
    context_messages: int = _setting(
        20, "So many of a session's latest messages are shown to a model.", low=0, high=1000
    )
    context_room_messages: int = _setting(
        10, "So many of a room's latest messages are shown to a model.", low=0, high=1000
    )
    log_reasoning: bool = _setting(
        False, "A model's reasoning is noted in the assistant's thought log too, with its turn."
    )
    transcriber: str = _setting(
        "",
        "What turns speech into text: whisper (on this machine, extra `speech`) or openai (an "
        "OpenAI-compatible endpoint); without one speech is kept as a failed turn.",
        choices=("", "whisper", "openai"),
    )
    transcriber_model: str = _setting(
        "", "The folder or name of the Whisper model, or the model's name at the endpoint."
    )
    transcriber_base_url: str = _setting("", "The transcription endpoint, ending in /v1.")
    transcriber_api_key: Secret | None = _setting(None, "The key of the transcription endpoint.")
    memories_api_key: Secret | None = _setting(
        None, "The key of memories.ai; without one its tools are not offered."
    )
    memories_base_url: str = _setting("https://api.memories.ai", "Where memories.ai is reached.")
    proxy_base_url: str = _setting(
        "",
        "Where /v1 forwards to, ending in /v1; without it the assistant of this server answers.",
    )
    proxy_api_key: Secret | None = _setting(None, "The key of the upstream of /v1.")
    proxy_timeout_s: float = _setting(
        120.0, "How long the upstream of /v1 may be silent, in seconds.", low=1, high=3600
    )
    host: str = _setting("127.0.0.1", "The address the server listens on.")
    port: int = _setting(8377, "The port the server listens on.", low=0, high=65535)
    public_url: str = _setting(
        "", "How clients reach the server when it is behind a reverse proxy: https://name."
    )
    auth: str = _setting(
        "local",
        "local: this machine only, one user, a link that logs in. tokens: API keys and JWTs, any "
        "address.",
        choices=("local", "tokens"),
    )
    allowed_origins: tuple[str, ...] = _setting(
        (), "Origins of pages that may call the server (CORS) beside its own, comma separated."
    )
    trusted_proxies: tuple[str, ...] = _setting(
        (), "Addresses of reverse proxies whose X-Forwarded-For and -Proto are believed."
    )
    jwt_secret: Secret | None = _setting(None, "The shared secret of the JWTs (HS256 and so on).")
    jwt_jwks_url: str = _setting("", "Where the public keys of the JWTs are (JWKS).")
    jwt_algorithm: str = _setting(
        "",
        "The one algorithm of the JWTs; RS256 with a JWKS, HS256 with a secret, when empty.",
        choices=("", "HS256", "HS384", "HS512", "RS256", "RS512", "PS256", "ES256", "EdDSA"),
    )
    jwt_issuer: str = _setting("", "Who issues the JWTs (`iss`); required with JWTs.")
    jwt_audience: str = _setting("", "Whom the JWTs are for (`aud`); required with JWTs.")
    jwt_user_claim: str = _setting("sub", "The claim that names the user.")
    jwt_account_claim: str = _setting(
        "", "The claim that names the account; everybody is of `account` when empty."
    )
    rate_writes_per_minute: int = _setting(
        600, "Writes of one user or key in a minute; 0 sets no limit.", low=0
    )
    rate_reads_per_minute: int = _setting(
        3000, "Reads of one user or key in a minute; 0 sets no limit.", low=0
    )
    rate_searches_per_minute: int = _setting(
        600, "Searches of one user or key in a minute; 0 sets no limit.", low=0
    )
    rate_exports_per_day: int = _setting(
        50, "Exports and imports of one user or key in a day; 0 sets no limit.", low=0
    )
    rate_login_failures_per_minute: int = _setting(
        20, "Failed log-ins of one address in a minute; 0 sets no limit.", low=0
    )
    max_body_mb: int = _setting(64, "The largest request body, in MiB.", low=1, high=4096)
    max_import_mb: int = _setting(1024, "The largest import, in MiB.", low=1, high=65536)
    max_sockets: int = _setting(5000, "So many WebSockets at once.", low=1)
    max_sockets_per_user: int = _setting(100, "So many WebSockets of one user at once.", low=1)
    otlp_endpoint: str = _setting(
        "", "Where traces are sent (OTLP over HTTP, extra `otel`); nowhere when empty."
    )
    log_level: str = _setting(
        "info", "debug, info, warning or error.", choices=("debug", "info", "warning", "error")
    )
    log_format: str = _setting(
        "logfmt", "How a line of the log looks: logfmt or json.", choices=("logfmt", "json")
    )
    trash_days: int = _setting(
        30,
        "What was put into the trash is erased after so many days; 0 means at once.",
        low=0,
        high=3650,
    )
    min_free_mb: int = _setting(
        256, "With less free on the disk of the data the server is not ready, in MiB.", low=0
    )

    @property
    def url(self) -> str:
        """The database URL in force."""
        return self.database_url or f"sqlite:///{self.data_dir / 'holdfast.db'}"

    @property
    def key_file(self) -> Path:
        """The root key file in force."""
        return self.root_key_file or self.config_dir / "root.key"


def load_settings(
    *,
    environ: Mapping[str, str] | None = None,
    file: Path | None = None,
    **given: object,
) -> Settings:
    """Read the environment and the configuration file.

    Args:
        environ: instead of the process's environment.
        file: instead of HOLDFAST_CONFIG, or holdfast.toml in the configuration directory.
        given: values that beat both, None meaning not given.

    Raises:
        BadSettings: every mistake that was found.
    """
    environment = os.environ if environ is None else environ
    problems: list[str] = []
    known = {f.name: f for f in fields(Settings)}
    raw: dict[str, tuple[object, str]] = {}
    path = _config_file(environment, file, problems)
    for name, value in _from_file(path, problems).items():
        if name in known:
            raw[name] = (value, f"{path}: {name}")
        else:
            problems.append(f"{path}: {name} is no setting")
    for variable, text in environment.items():
        if variable.startswith(_PREFIX) and variable != f"{_PREFIX}CONFIG":
            name = variable.removeprefix(_PREFIX).lower()
            if name in known:
                raw[name] = (text, variable)
            else:
                problems.append(f"{variable} is no setting")
    raw.update((name, (value, name)) for name, value in given.items() if value is not None)
    values: dict[str, Any] = {}
    for name, (value, where) in raw.items():
        try:
            values[name] = _converted(known[name], value)
        except ValueError as exc:
            problems.append(f"{where}: {exc}")
    sources = [n for n in ("root_key", "root_key_file", "root_passphrase") if values.get(n)]
    if len(sources) > 1:
        problems.append(f"only one of {', '.join(sources)} can be given")
    problems += _halves(values)
    problems += _endpoint(values)
    if problems:
        raise BadSettings(tuple(sorted(problems)))
    return Settings(**values)


def _halves(values: Mapping[str, object]) -> list[str]:
    """Settings that do nothing, because the one they belong to is not set."""
    return [
        f"{name}: it does nothing without {whole}"
        for whole, parts in _PARTS.items()
        if not _is_given(values.get(whole))
        for name in parts
        if _is_given(values.get(name))
    ]


def _endpoint(values: Mapping[str, object]) -> list[str]:
    """An endpoint for embeddings is named whole, and meant: texts are sent there."""
    is_meant = values.get("embedder") == "endpoint"
    parts = ("embedder_base_url", "embedder_model", "embedder_dimensions")
    missing = [name for name in parts if not _is_given(values.get(name))]
    if is_meant:
        return [f"{name}: embedder = endpoint needs it" for name in missing]
    given = _is_given(values.get("embedder_base_url"))
    return ["embedder_base_url: it does nothing unless embedder is endpoint"] if given else []


def _is_given(value: object) -> bool:
    return bool(value.reveal() if isinstance(value, Secret) else value)


def _config_file(
    environment: Mapping[str, str], file: Path | None, problems: list[str]
) -> Path | None:
    named = file or (Path(p) if (p := environment.get(f"{_PREFIX}CONFIG")) else None)
    if named is not None:
        if not named.is_file():
            problems.append(f"{named}: no such configuration file")
            return None
        return named
    folder = environment.get(f"{_PREFIX}CONFIG_DIR")
    default = (Path(folder) if folder else default_config_dir()) / "holdfast.toml"
    return default if default.is_file() else None


def _from_file(path: Path | None, problems: list[str]) -> dict[str, object]:
    if path is None:
        return {}
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        problems.append(f"{path}: {exc}")
        return {}


def _converted(setting: Any, value: object) -> object:  # a dataclasses.Field of any type
    kind = str(setting.type).removesuffix(" | None")
    converted = _CONVERT[kind](value)
    low, high = setting.metadata.get("low"), setting.metadata.get("high")
    choices = setting.metadata.get("choices")
    if low is not None and converted < low:
        raise ValueError(f"it is at least {low}")
    if high is not None and converted > high:
        raise ValueError(f"it is at most {high}")
    if choices is not None and converted not in choices:
        raise ValueError(f"it is one of {', '.join(choices)}")
    return converted


def _path(value: object) -> Path:
    if isinstance(value, (str, Path)) and str(value).strip():
        return Path(value).expanduser()
    raise ValueError("expected a path")


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise ValueError("expected text")


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise ValueError("expected a whole number")
    try:
        return int(value)
    except ValueError:
        raise ValueError("expected a whole number") from None


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError("expected a number")
    try:
        return float(value)
    except ValueError:
        raise ValueError("expected a number") from None


def _truth(value: object) -> bool:
    if isinstance(value, bool):
        return value
    words = {"1": True, "true": True, "yes": True, "on": True}
    words |= {"0": False, "false": False, "no": False, "off": False}
    if isinstance(value, str) and value.strip().lower() in words:
        return words[value.strip().lower()]
    raise ValueError("expected true or false")


def _words(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        value = value.split(",")
    if isinstance(value, list | tuple) and all(isinstance(word, str) for word in value):
        return tuple(word.strip() for word in value if word.strip())
    raise ValueError("expected words, comma separated")


def _secret(value: object) -> Secret:
    if isinstance(value, Secret):
        return value
    return Secret(_text(value))


_CONVERT: dict[str, Callable[[object], Any]] = {
    "Path": _path,
    "str": _text,
    "int": _whole,
    "float": _number,
    "bool": _truth,
    "Secret": _secret,
    "tuple[str, ...]": _words,
}
