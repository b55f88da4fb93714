package memkv

type KVPair struct{ Key, Value string }
type KVPairs []KVPair
