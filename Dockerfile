# The command `ned` in a container.
#
#   docker build -t ned .
#   docker run --rm -v "$PWD:/data" --user "$(id -u):$(id -g)" ned process talk.mp4 --emotion happy
#
# Which build of PyTorch goes in is a build argument, the address that PyTorch's install page shows for CPU or for your
# CUDA; without it the default registry's goes in, which runs on both and is large. A GPU also needs NVIDIA's container
# toolkit on the host, and `docker run --gpus all`.
#
#   docker build -t ned:cuda --build-arg TORCH_INDEX=ADDRESS .
ARG PYTHON=3.11-slim-bookworm

FROM python:${PYTHON} AS build
ARG TORCH_INDEX=""
ARG EXTRAS="exr,heic,judges,otio"
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY ned ./ned
# OpenCV: the build for machines without a display, as `make install` takes it.
RUN python -m venv /opt/ned \
    && if [ -n "${TORCH_INDEX}" ]; then \
         /opt/ned/bin/pip install --no-cache-dir --index-url "${TORCH_INDEX}" -c constraints.txt torch; \
       fi \
    && /opt/ned/bin/pip install --no-cache-dir -c constraints.txt ".[${EXTRAS}]" \
    && /opt/ned/bin/pip install --no-cache-dir --no-deps --force-reinstall -c constraints.txt \
         opencv-contrib-python-headless

FROM python:${PYTHON}
LABEL org.opencontainers.image.title="ned" \
      org.opencontainers.image.description="Changes the emotion of a person in a talking video" \
      org.opencontainers.image.licenses="MIT"
COPY --from=build /opt/ned /opt/ned
COPY LICENSE third_party /usr/share/doc/ned/
RUN useradd --create-home --uid 1000 ned && mkdir -p /data /state && chmod 1777 /data /state
ENV PATH=/opt/ned/bin:${PATH} \
    PYTHONUNBUFFERED=1 \
    NED_CACHE=/state/cache \
    NED_CONFIG=/state/config \
    NED_DATA=/state/data \
    NUMBA_CACHE_DIR=/state/numba \
    MPLCONFIGDIR=/state/matplotlib \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility,video
WORKDIR /data
USER ned
ENTRYPOINT ["ned"]
CMD ["--help"]
