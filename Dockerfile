# confd alone in an image, or to copy from: COPY --from=confd /confd /usr/local/bin/confd
# There is no other program in it: services are reloaded by [template.reload], with a pid file or over HTTP.
FROM swift:6.3-bookworm AS build
WORKDIR /source
COPY . .
RUN .ci/install release
RUN packaging/build-release

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /source/dist/confd /confd
COPY --from=build /source/LICENSE /source/dist/LICENSES /licenses/
ENTRYPOINT ["/confd"]
