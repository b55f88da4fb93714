# The pictures that docs/draw makes, of the program too, are those of the pages, are XML, and name the states that `confd status` names.
mkdir drawn
"$source/docs/draw" drawn "$confd"
equal "pictures" "$(ls drawn | wc -l)" 8
for picture in drawn/*.svg; do
  name=$(basename "$picture")
  cmp "$source/docs/$name" "$picture" || fail "docs/draw docs dist/confd has to be run"
  python3 -c 'import sys, xml.etree.ElementTree as tree; tree.parse(sys.argv[1])' "$picture"
  grep -qF "($name)" "$source"/docs/*.md || holds "$source/README.md" "(docs/$name)" || fail "no page shows $name"
done
# The table of states of docs/status.md, up to the next empty line.
awk '/^\| state \|/ { inside = 1; next } /^$/ { inside = 0 } inside' "$source/docs/status.md" |
  sed -n 's/^| \([a-z ]*[a-z]\) |.*/\1/p' >states
equal "states in docs/status.md" "$(wc -l <states)" 7
while read -r state; do
  holds drawn/states.svg ">$state</text>" || fail "states.svg lacks $state"
done <states
