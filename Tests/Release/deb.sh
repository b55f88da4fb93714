# The Debian package, installed into a root of its own, upgraded, removed and purged.
# The bill of materials has what LICENSES names, with the same versions, and is of this program.
python3 - "$source/dist" <<'END'
import hashlib, json, re, sys
bill = json.load(open(sys.argv[1] + "/confd.spdx.json"))
parts = {part["SPDXID"]: part for part in bill["packages"]}
program = parts.pop("SPDXRef-confd")
assert program["checksums"][0]["checksumValue"] == hashlib.sha256(open(sys.argv[1] + "/confd", "rb").read()).hexdigest(), program
head = open(sys.argv[1] + "/LICENSES").read().split("\n\n")[1]
named = {tuple(re.split(" {2,}| (?=[0-9])", line.strip(), maxsplit=1)) for line in head.split("\n")}
assert named == {(part["name"], part["versionInfo"]) for part in parts.values()}, (named, parts)
linked = {one["relatedSpdxElement"] for one in bill["relationships"] if one["relationshipType"] == "STATIC_LINK"}
assert linked == set(parts) and len(linked) == 8, linked
END

root=$work/root
mkdir -p "$root/var/lib/dpkg"/{info,updates,triggers} "$root/var/log"
touch "$root/var/lib/dpkg"/{status,available}
on_root() { dpkg --root="$root" --force-script-chrootless --force-confold "$@" >>dpkg.log 2>&1; }
package=$(echo "$source"/dist/confd_*_"$(dpkg --print-architecture)".deb)

(cd "$source/dist" && sha256sum --check --strict SHA256SUMS) || fail "SHA256SUMS is not of what is in dist"
holds "$source/dist/SHA256SUMS" "$(basename "$package")" || fail "SHA256SUMS lacks the package"
# A second build of the package, in another folder and at another time, is the same to the byte.
mkdir -p again/dist
cp -r "$source/packaging" "$source/LICENSE" "$source/CHANGELOG.md" again
cp "$source"/dist/{confd,LICENSES,confd.spdx.json} again/dist
touch --date 2001-01-01 again/CHANGELOG.md
(umask 077 && again/packaging/build-deb) >>dpkg.log
cmp "$package" "again/dist/$(basename "$package")" || fail "a second package of the same program differs"

on_root --install "$package"
equal "the version" "$("$root/usr/bin/confd" -version)" "$(confd -version)"
for file in etc/confd/confd.toml etc/confd/conf.d etc/confd/templates usr/lib/systemd/system/confd.service \
  usr/share/man/man1/confd.1.gz usr/share/bash-completion/completions/confd \
  usr/share/zsh/vendor-completions/_confd usr/share/fish/vendor_completions.d/confd.fish \
  usr/share/doc/confd/copyright; do
  [ -e "$root/$file" ] || fail "no $file"
done
copyright=$root/usr/share/doc/confd/copyright
for text in "The confd authors" "==== libcurl4-openssl-dev" "==== libssl-dev" "==== libnghttp2-dev" "==== libyaml-dev" \
  "==== Swift runtime" "Apache License"; do
  holds "$copyright" "$text" || fail "the copyright does not name $text"
done
grep -Eq '^curl +[0-9]' "$copyright" || fail "the copyright names no version of curl"
equal "the maintainer" "$(dpkg-deb --field "$package" Maintainer | sed 's/ <.*//')" "The confd authors"
# The settings that come with it are good: what is missing is a store, or resources.
"$root/usr/bin/confd" -onetime -strict -config-file "$root/etc/confd/confd.toml" -confdir "$root/etc/confd" 2>error.log &&
  fail "there is nothing to do, but that is no error"
holds error.log "no resources" || holds error.log "conf.d" || fail "$(cat error.log)"

echo '# mine' >>"$root/etc/confd/confd.toml"
on_root --install "$package"
holds "$root/etc/confd/confd.toml" "# mine" || fail "an upgrade replaced the settings"
on_root --remove confd
[ ! -e "$root/usr/bin/confd" ] || fail "the binary is left"
[ -e "$root/etc/confd/confd.toml" ] || fail "removing took the settings"
on_root --purge confd
[ ! -e "$root/etc/confd" ] || fail "purging left the settings"
