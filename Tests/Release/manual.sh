# The manual page, as its linters see it.
confd -help=man >confd.1
mandoc -Tlint -W style confd.1
mandoc -Tutf8 confd.1 | sed 's/.\x08//g' >confd.txt
holds confd.txt "-onetime" || fail "no -onetime in the manual"
