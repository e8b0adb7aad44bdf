# The server in a container: docs/howto/deploy.md says how to run it.
#
#     docker build -t holdfast .
#
# Packages come from the index that pip is configured for. To name one for the build alone:
#     docker build --secret id=pip,src=$HOME/.config/pip/pip.conf --secret id=npm,src=$HOME/.npmrc -t holdfast .

ARG PYTHON_VERSION=3.11

FROM python:${PYTHON_VERSION}-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/holdfast
# First what changes seldom: exact versions, each file checked against its hash.
COPY requirements/run.lock /build/requirements/run.lock
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    /opt/holdfast/bin/python -m pip install --no-deps --require-hashes --only-binary :all: \
    --requirement /build/requirements/run.lock
COPY pyproject.toml hatch_build.py README.md LICENSE NOTICE /build/
COPY web /build/web
COPY src /build/src
# The web page is built on the way: its packages come from the index that npm is configured for.
RUN --mount=type=secret,id=npm,target=/etc/npmrc \
    NPM_CONFIG_GLOBALCONFIG=/etc/npmrc \
    /opt/holdfast/bin/python -m pip install --no-deps --no-build-isolation /build

FROM python:${PYTHON_VERSION}-slim
# A user of its own, and two places that belong to it alone.
RUN groupadd --gid 10001 holdfast \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data holdfast \
    && install -d -o holdfast -g holdfast -m 0700 /data /keys
COPY --from=build /opt/holdfast /opt/holdfast
ENV PATH=/opt/holdfast/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    HOLDFAST_DATA_DIR=/data \
    HOLDFAST_CONFIG_DIR=/keys \
    HOLDFAST_KEYS_PATH=/keys/holdfast.keys.db \
    HOLDFAST_HOST=0.0.0.0 \
    HOLDFAST_PORT=8377 \
    HOLDFAST_AUTH=tokens
USER holdfast
# Data on the one, keys on the other: a copy of either gives nothing away, and a snapshot of the data
# holds no key, so that what was erased stays erased.
VOLUME ["/data", "/keys"]
EXPOSE 8377
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ['HOLDFAST_PORT']}/readyz\", timeout=4)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["holdfast"]
CMD ["serve"]
