# No image can be built where the tests run. Held here: the image is made by the commands that make dist/confd, and its
# last stage copies what empty-root.sh runs with.
equal "the Dockerfile's RUN" "$(sed -n 's/^RUN //p' "$source/Dockerfile")" "$(make -n -C "$source" --no-print-directory release | sed 's|^\./||')"
equal "the image's files" "$(sed -n '/^FROM scratch/,$ s/^COPY --from=build .* //p' "$source/Dockerfile" | tr '\n' ' ')" \
  "/etc/ssl/certs/ca-certificates.crt /confd "
