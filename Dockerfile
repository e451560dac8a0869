# The binary alone, for other images to copy from:
#
#     npm run build && docker build -t tandem .
#     COPY --from=tandem /tandem /usr/bin/tandem
FROM scratch
COPY build/tandem /tandem
ENTRYPOINT ["/tandem"]
