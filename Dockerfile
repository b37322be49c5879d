# The operator, the process of a run, the command line and the simulator: one image, without a compiler, without pip in
# its environment, and without anything that is not in requirements/operator.txt or kerberos.txt, by its hash.
ARG PYTHON=3.13

FROM docker.io/library/python:${PYTHON}-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
# gssapi has no wheels for Linux, so it is compiled here; all else comes as wheels.
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends gcc libc6-dev libkrb5-dev
RUN python -m venv /build && python -m venv --without-pip /opt/syncramp
# Dependencies first: they change seldom, and their layer is kept.
COPY requirements/build.txt requirements/kerberos.txt requirements/operator.txt requirements/
RUN /build/bin/pip install --require-hashes --only-binary :all: -r requirements/build.txt \
 && /build/bin/pip --python /opt/syncramp/bin/python install --require-hashes --only-binary :all: \
        -r requirements/operator.txt \
 && /build/bin/pip wheel --no-build-isolation --no-deps --require-hashes --wheel-dir kerberos \
        -r requirements/kerberos.txt \
 && /build/bin/pip --python /opt/syncramp/bin/python install --no-deps --no-index kerberos/*.whl
COPY pyproject.toml README.md LICENSE ./
COPY operator operator/
COPY reconciler reconciler/
RUN /build/bin/pip wheel --no-build-isolation --no-deps --no-index --wheel-dir dist . \
 && /build/bin/pip --python /opt/syncramp/bin/python install --no-deps --no-index dist/*.whl

FROM docker.io/library/python:${PYTHON}-slim
LABEL org.opencontainers.image.title="Syncramp" \
      org.opencontainers.image.description="Keeps Microsoft Entra ID in step with on-premises directories" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0"
# What gssapi is linked against.
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends libgssapi-krb5-2 && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/syncramp /opt/syncramp
# Nothing is written but what a Pod mounts; HOME is where libraries look for files of theirs and find none.
ENV PATH=/opt/syncramp/bin:$PATH HOME=/tmp PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 65532:65532
ENTRYPOINT ["python", "-m", "syncramp_operator"]
