# Geyser on the CPU, with the library that trains xgboost beside it.
#
#   docker build -t geyser .
#   docker run --rm -v geyser:/data geyser keys create me     # beyond loopback every request needs a key
#   docker run -p 127.0.0.1:54321:54321 -v geyser:/data geyser

FROM golang:1.26-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends make python3-venv && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN make build libxgboost

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends libstdc++6 && rm -rf /var/lib/apt/lists/* \
    && useradd --system --home-dir /data geyser && install -d -o geyser /data
COPY --from=build /src/build/geyser /usr/local/bin/geyser
COPY --from=build /src/.cache/xgboost /usr/local/lib/geyser/xgboost
ENV XGBOOST_LIBRARY=/usr/local/lib/geyser/xgboost/xgboost/lib/libxgboost.so \
    GEYSER_DATA_DIR=/data
USER geyser
VOLUME /data
EXPOSE 54321
ENTRYPOINT ["geyser"]
CMD ["serve", "--address", "0.0.0.0"]
