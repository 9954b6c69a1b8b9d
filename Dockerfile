# syntax=docker/dockerfile:1
FROM python:3.11-slim

RUN useradd --create-home --uid 10001 nearcopy
WORKDIR /src
COPY pyproject.toml README.md ./
COPY nearcopy nearcopy
COPY service service
COPY worker worker
RUN --mount=type=cache,target=/root/.cache/pip pip install '.[worker]'

USER 10001
WORKDIR /home/nearcopy

# The kernels are compiled here, once, for every x86-64 processor with AVX2 (any since about 2015): code for
# the processor of the build machine would be compiled again on another. --build-arg CPU=generic runs anywhere.
ARG CPU=x86-64-v3
ENV NUMBA_CPU_NAME=$CPU \
    NUMBA_CPU_FEATURES="" \
    NUMBA_CACHE_DIR=/home/nearcopy/.cache/numba
RUN python -c "import worker.queue; from nearcopy.archive import warm_up; warm_up()"

# A volume that is mounted here belongs to this user
RUN mkdir parts

# Whoever publishes the port says who may reach it. It answers once there is an API key (`nearcopy keys create`),
# or where NEARCOPY_OPEN=1 says that only friends reach it
ENV NEARCOPY_HOST=0.0.0.0
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8080/healthz', timeout=3)"]
CMD ["nearcopy", "serve"]
