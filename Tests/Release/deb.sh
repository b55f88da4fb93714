# The Debian package, installed into a root of its own, upgraded, removed and purged.
root=$work/root
mkdir -p "$root/var/lib/dpkg"/{info,updates,triggers} "$root/var/log"
touch "$root/var/lib/dpkg"/{status,available}
on_root() { dpkg --root="$root" --force-script-chrootless --force-confold "$@" >>dpkg.log 2>&1; }
package=$(echo "$source"/dist/confd_*_"$(dpkg --print-architecture)".deb)

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
