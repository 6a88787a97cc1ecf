# The command `ned` in a container.
#
#   docker build -t ned .
#   docker run --rm -v "$PWD:/data" --user "$(id -u):$(id -g)" ned process talk.mp4 --emotion happy
#
# PyTorch, which fine-tuning, training and GPUs need, is left out unless a build argument says where it comes from: the
# address that PyTorch's install page shows for CPU or for your CUDA. A GPU also needs NVIDIA's container toolkit on the
# host, and `docker run --gpus all`.
#
#   docker build -t ned:cuda --build-arg TORCH_INDEX=ADDRESS .
#
# Extras are another argument, and MORE names further packages. A worker of batches in a bucket of S3:
#
#   docker build -t ned:batch --build-arg EXTRAS=exr,heic,otio,batch --build-arg MORE=s3fs .
ARG PYTHON=3.11-slim-bookworm

FROM python:${PYTHON} AS build
ARG TORCH_INDEX=""
ARG EXTRAS="exr,heic,otio"
ARG MORE=""
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY scripts/build/requirements.py ./scripts/build/
COPY ned ./ned
# MediaPipe without what it asks for and ned does not use, as `make install` takes it.
RUN python -m venv /opt/ned \
    && if [ -n "${TORCH_INDEX}" ]; then \
         /opt/ned/bin/pip install --no-cache-dir --index-url "${TORCH_INDEX}" -c constraints.txt torch; \
       fi \
    && /opt/ned/bin/python scripts/build/requirements.py "${EXTRAS}" > needs.txt \
    && /opt/ned/bin/pip install --no-cache-dir -c constraints.txt -r needs.txt ${MORE} \
    && /opt/ned/bin/pip install --no-cache-dir --no-deps -c constraints.txt mediapipe .

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
