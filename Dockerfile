# avse-enhance and the other commands, on CPU: docker build -t avse . && docker run --rm -v "$PWD:/media" avse noisy.wav --video talk.mp4
# The steps are those of `make install-check`, which runs them without an engine.
FROM python:3.13-slim AS build
WORKDIR /source
COPY pyproject.toml MANIFEST.in README.md LICENSE CHANGELOG.md CITATION.cff constraints.txt ./
COPY avse avse
RUN python -m pip wheel --no-deps --wheel-dir /wheels .

FROM python:3.13-slim
COPY --from=build /wheels /wheels
COPY constraints.txt /wheels/
RUN python -m pip install --no-cache-dir --only-binary :all: --constraint /wheels/constraints.txt /wheels/*.whl \
    && rm -r /wheels && useradd --create-home avse
USER avse
WORKDIR /media
ENTRYPOINT ["avse-enhance"]
