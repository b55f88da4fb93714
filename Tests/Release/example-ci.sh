# The pipeline on good files, and on bad ones.
cp -r "$source/examples/ci" example
code() { # EXPECTED-CODE COMMAND...: its output is in output
  local expected=$1 code=0
  shift
  "$@" >output 2>&1 || code=$?
  [ "$code" = "$expected" ] || fail "$* ended with $code, not $expected: $(cat output)"
}
code 0 example/pipeline
reviewed=confd/tests/production/expected/etc/app/app.conf
git -C "$source" ls-files --error-unmatch "examples/ci/$reviewed" >/dev/null
code 0 example/pipeline render
equal "the rendered file" "$(cat output)" "$(cat "$source/examples/ci/$reviewed")"

# A checkout of a runner with umask 0.
chmod o+w example/confd/conf.d/app.toml
code 2 example/pipeline validate
holds output "chmod o-w" || fail "no hint: $(cat output)"
chmod -R o-w example/confd

# Another value than the one that was reviewed.
sed -i 's/body: 1m/body: 2m/' example/confd/tests/production/keys.yaml
code 1 example/pipeline
holds output "-limit body 1m" && holds output "+limit body 2m" || fail "no diff: $(cat output)"
holds output "2 passed, 1 failed" || fail "not counted: $(cat output)"
equal "the reviewed file" "$(cat "example/$reviewed")" "$(cat "$source/examples/ci/$reviewed")"

# A slip in a template and one in a resource: both are reported at once.
sed -i 's/getv /getz /' example/confd/templates/app.conf.tmpl
sed -i 's/^mode/mood/' example/confd/conf.d/app.toml
code 2 example/pipeline validate
holds output getz && holds output mood || fail "not both errors: $(cat output)"
holds output "did you mean" || fail "no hint: $(cat output)"

# On a server, with a real store.
cp "$source"/examples/ci/confd/conf.d/app.toml example/confd/conf.d/
cp "$source"/examples/ci/confd/templates/app.conf.tmpl example/confd/templates/
export CONFD_NODE=http://127.0.0.1:2379
code 4 example/pipeline drift
start_etcd
mkdir /etc/app
put /app/listen 0.0.0.0:80
code 3 example/pipeline drift
confd -onetime -confdir example/confd 2>confd.log
code 0 example/pipeline drift
echo "edited by hand" >>/etc/app/app.conf
code 3 example/pipeline drift
holds output "-edited by hand" || fail "no diff: $(cat output)"
