# The project in a container: docs/install.md, "Containers". Its commands are those of `make setup`; it was not built
# where it was written.
FROM python:3.11-slim AS base
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git make \
    && rm -rf /var/lib/apt/lists/* \
    && pip install --no-cache-dir uv

FROM base
# The build of PyTorch: cpu, or one for a GPU, such as cu130.
ARG TORCH_BACKEND=cpu
ENV UV_NO_CACHE=1
WORKDIR /poet
COPY . .
RUN UV_TORCH_BACKEND=$TORCH_BACKEND make setup
ENV PATH=/poet/.venv/bin:$PATH
CMD ["make", "repro"]
