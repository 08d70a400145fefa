# On CPU, without a compiler; `make install-check` runs the steps of both images without an engine.
# The commands: docker build -t avse . && docker run --rm -v "$PWD:/media" avse noisy.wav --video talk.mp4
# The service:  docker build --target serve -t avse-serve . && AVSE_TOKEN=secret docker run --rm -e AVSE_TOKEN -p 127.0.0.1:8117:8117 avse-serve
FROM python:3.13-slim AS build
WORKDIR /source
COPY pyproject.toml MANIFEST.in README.md LICENSE CHANGELOG.md CITATION.cff constraints.txt ./
COPY avse avse
RUN python -m pip wheel --no-deps --wheel-dir /wheels .

FROM python:3.13-slim AS core
COPY --from=build /wheels /wheels
COPY constraints.txt /
RUN python -m pip install --no-cache-dir --only-binary :all: --constraint /constraints.txt /wheels/*.whl \
    && rm -r /wheels && useradd --create-home avse

FROM core AS serve
RUN python -m pip install --no-cache-dir --only-binary :all: --constraint /constraints.txt "avse[server]" \
    && mkdir /files && chown avse /files
USER avse
VOLUME /files
EXPOSE 8117
HEALTHCHECK CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(u.Request('http://127.0.0.1:8117/v1/health', headers={'Authorization': 'Bearer ' + os.environ.get('AVSE_TOKEN', '')}))"]
# Outside the container others reach it, so that it does not start without AVSE_TOKEN.
ENTRYPOINT ["avse-serve", "--host", "0.0.0.0", "--folder", "/files"]

# The last stage is what a build without --target gives.
FROM core AS enhance
USER avse
WORKDIR /media
ENTRYPOINT ["avse-enhance"]
