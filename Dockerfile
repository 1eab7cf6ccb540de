# Carillon as a container: HTTP by default, a PostgreSQL given by DATABASE_URL or a private one below /var/lib/carillon.
#   docker run -p 8930:8930 -v carillon:/var/lib/carillon carillon
#   docker run -i carillon mcp            (stdio)
FROM debian:12-slim AS build
WORKDIR /src
COPY scripts/setup scripts/build scripts/
RUN scripts/setup
COPY CMakeLists.txt CMakePresets.json ./
COPY cmake cmake
COPY server server
COPY transport transport
COPY tools tools
COPY catalog catalog
COPY config config
COPY migrations migrations
COPY schemas schemas
COPY tests/conformance tests/conformance
COPY tests/bench tests/bench
RUN scripts/build release carillon

FROM debian:12-slim
RUN apt-get update -q && apt-get install -y -q --no-install-recommends \
      ca-certificates tzdata postgresql-15 libpqxx-6.4 libspdlog1.10 libcpp-httplib0.11 libcctz2 libcurl4 libpcre2-8-0 libidn2-0 libical3 \
      libsodium23 libsystemd0 libtomlplusplus3 libprometheus-cpp-core1.0 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --create-home --home-dir /var/lib/carillon --shell /usr/sbin/nologin carillon
COPY --from=build /src/build/release/carillon /usr/local/bin/carillon
COPY LICENSE /usr/share/doc/carillon/LICENSE
USER carillon
ENV CARILLON_HOME=/var/lib/carillon CARILLON_HTTP_LISTEN=0.0.0.0:8930 CARILLON_HTTP_ALLOW_PLAIN_TEXT=true
VOLUME /var/lib/carillon
EXPOSE 8930
ENTRYPOINT ["/usr/local/bin/carillon"]
CMD ["serve"]
