# Braces are the workflow's own; confd's delimiters are double square brackets here.
on: push
jobs:
[[- range ls "/services"]]
  [[.]]:
    runs-on: ubuntu-latest
    steps:
      - run: deploy [[.]] ${{ github.sha }}
[[- end]]
