# Completions in real shells.
python3 "$source/Tests/Release/completions.py" "$confd"
