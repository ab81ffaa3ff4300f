#!/usr/bin/env bash
# Pins every dependency by version and hash, for all platforms and Python versions at once. Left out is
# openvino-telemetry, which openvino asks for and does without: nothing here tells anybody how it is used.
set -euo pipefail
cd "$(dirname "$0")/.."
compile() {
  .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
    --no-annotate --no-header --no-emit-package openvino-telemetry "$@"
}
compile --group build -o requirements-build.lock
compile pyproject.toml -c requirements-build.lock -o requirements.lock
compile pyproject.toml --extra pool -c requirements-build.lock -c requirements.lock -o requirements-pool.lock
compile pyproject.toml --group dev --extra pool -c requirements-build.lock -c requirements-pool.lock -o requirements-dev.lock
