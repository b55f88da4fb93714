# No image can be built where the tests run. Tested instead: the image is made by the commands that make dist/confd, and its
# last stage copies what empty-root.sh runs with, and the licenses.
equal "the Dockerfile's RUN" "$(sed -n 's/^RUN //p' "$source/Dockerfile")" "$(make -n -C "$source" --no-print-directory release | sed 's|^\./||')"
equal "the image's files" "$(sed -n '/^FROM scratch/,$ s/^COPY --from=build .* //p' "$source/Dockerfile" | tr '\n' ' ')" \
  "/etc/ssl/certs/ca-certificates.crt /confd /licenses/ "
