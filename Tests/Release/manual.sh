# The manual page, as its linters see it.
confd -help=man >confd.1
mandoc -Tlint -W style confd.1
mandoc -Tutf8 confd.1 | sed 's/.\x08//g' >confd.txt
holds confd.txt "-onetime" || fail "no -onetime in the manual"
holds confd.txt "reload_cmd" || fail "no resource fields in the manual"
holds confd.txt "getv KEY" || fail "no functions in the manual"
! grep -F '\f' confd.txt || fail "a request of roff is printed in the manual"
