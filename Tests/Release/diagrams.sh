# The pictures that docs/draw makes are those of the pages, are XML, and name the states that `confd status` names.
mkdir drawn
"$source/docs/draw" drawn
for picture in change states; do
  cmp "$source/docs/$picture.svg" "drawn/$picture.svg" || fail "docs/draw docs has to be run"
  python3 -c 'import sys, xml.etree.ElementTree as tree; tree.parse(sys.argv[1])' "drawn/$picture.svg"
done
# The table of states of docs/status.md, up to the next empty line.
awk '/^\| state \|/ { inside = 1; next } /^$/ { inside = 0 } inside' "$source/docs/status.md" |
  sed -n 's/^| \([a-z ]*[a-z]\) |.*/\1/p' >states
equal "states in docs/status.md" "$(wc -l <states)" 7
while read -r state; do
  holds drawn/states.svg ">$state</text>" || fail "states.svg lacks $state"
done <states
