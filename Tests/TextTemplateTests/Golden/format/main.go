// Command fmtgen records what Go's fmt makes of a grid of directives and values:
//
//	go run . -cases PRINTF_CASES.json > ../format.json
package main

import (
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"math/rand"
	"net"
	"os"
	"strconv"
	"strings"
	"text/template/parse"
	"time"
	"unicode/utf8"

	"fmtgen/memkv"
)

// text codes what is no UTF-8, and byte order marks, which some JSON readers drop.
func text(s string) any {
	if utf8.ValidString(s) && !strings.Contains(s, "\ufeff") {
		return s
	}
	return map[string]string{"b64": base64.StdEncoding.EncodeToString([]byte(s))}
}

func list[T any](l []T) any {
	if l == nil {
		return nil
	}
	out := []any{}
	for _, x := range l {
		out = append(out, encode(x))
	}
	return out
}

func encode(v any) any {
	tag := func(t string, x any) any { return []any{t, x} }
	bits := func(f float64) string { return strconv.FormatUint(math.Float64bits(f), 16) }
	switch v := v.(type) {
	case nil:
		return nil
	case bool:
		return v
	case int:
		return tag("int", strconv.Itoa(v))
	case int64:
		return tag("int64", fmt.Sprint(v))
	case int32:
		return tag("int32", fmt.Sprint(v))
	case uint8:
		return tag("uint8", fmt.Sprint(v))
	case uint16:
		return tag("uint16", fmt.Sprint(v))
	case time.Duration:
		return tag("time.Duration", fmt.Sprint(int64(v)))
	case time.Month:
		return tag("time.Month", fmt.Sprint(int64(v)))
	case time.Weekday:
		return tag("time.Weekday", fmt.Sprint(int64(v)))
	case float64:
		return tag("float64", bits(v))
	case complex128:
		return tag("complex128", []any{bits(real(v)), bits(imag(v))})
	case string:
		return text(v)
	case []byte:
		return tag("[]uint8", list(v))
	case []string:
		return tag("[]string", list(v))
	case []int:
		return tag("[]int", list(v))
	case []any:
		return tag("[]interface {}", list(v))
	case []memkv.KVPair:
		return tag("[]memkv.KVPair", list(v))
	case memkv.KVPairs:
		return tag("memkv.KVPairs", list(v))
	case memkv.KVPair:
		return tag("memkv.KVPair", []any{text(v.Key), text(v.Value)})
	case *net.SRV:
		return tag("*net.SRV", []any{v.Target, v.Port, v.Priority, v.Weight})
	case map[string]any:
		if v == nil {
			return tag("map", nil)
		}
		out := []any{}
		for k, x := range v {
			out = append(out, []any{text(k), encode(x)})
		}
		return tag("map", out)
	}
	panic(fmt.Sprintf("no code for %T", v))
}

var ints = []any{0, 1, -1, 7, 42, -255, 65, 128512, 55296, 1114112, math.MaxInt64, math.MinInt64, 39, 10, 0xFEFF, 0xFFFD,
	int64(-9), int32(955), uint8(0), uint8(200), uint16(65535), time.Duration(1500000), time.Duration(-90061000000001),
	time.Month(3), time.Month(0), time.Weekday(6), time.Weekday(9)}
var floats = []any{0.0, math.Copysign(0, -1), 1.0, -1.5, 3.14159265358979, 1e6, 123456789.0, 1e20, 1e21, 1e-5, 0.0001, 5e-324, math.MaxFloat64,
	2.5, 0.5, 1e23, 100.0, 0.1, math.Inf(1), math.Inf(-1), math.NaN(), 9.995, 1 << 53}
var strs = []any{"", "a", "hello world", "tab\tnl\n\"q\" `b` \\ \x00\x7f", "héllo ☺ 😀", "\xff\xfe bad \xc3", "\u00ad\u200b\ufeff\u2028\u00a0\ufffd", "日本語", "100%", "`"}
var others = []any{nil, true, false, complex(1.5, -2), complex(math.Inf(1), math.NaN()), complex(0, 1e100),
	[]byte("hi\x00\xff"), []byte{}, []byte(nil), []string{"a", "b c"}, []string{}, []string(nil), []int{1, -2, 300}, []int(nil), []int{},
	[]any{1, "a", nil, true, 2.5}, []any(nil), []any{[]byte("xy"), []int(nil), map[string]any{"k": nil}, time.Duration(5000), memkv.KVPair{Key: "p", Value: "q"}},
	map[string]any{"b": 1, "a": "x", "": nil, "é": []any{1.0}}, map[string]any(nil), map[string]any{},
	memkv.KVPair{Key: "/key", Value: "val"}, []memkv.KVPair{{Key: "a", Value: "1"}, {Key: "b", Value: "\xff"}}, memkv.KVPairs{{Key: "a", Value: "1"}}, memkv.KVPairs(nil), memkv.KVPairs{}, []memkv.KVPair(nil),
	&net.SRV{Target: "h.example.", Port: 80, Priority: 1, Weight: 5}}

func all() []any {
	var out []any
	for _, l := range [][]any{ints, floats, strs, others} {
		out = append(out, l...)
	}
	return out
}

const verbs = "vTtbcdoOqxXUeEfFgGsw"

type group struct {
	Formats []string `json:"formats"`
	Values  []any    `json:"values"`
	Results [][]any  `json:"results"`
}

func grid(formats []string, values []any) group {
	g := group{Formats: formats}
	for _, v := range values {
		g.Values = append(g.Values, encode(v))
		var row []any
		for _, f := range formats {
			row = append(row, text(fmt.Sprintf(f, v)))
		}
		g.Results = append(g.Results, row)
	}
	return g
}

func cross(mods []string, verbs string) (out []string) {
	for _, v := range verbs {
		for _, m := range mods {
			out = append(out, "%"+m+string(v))
		}
	}
	return
}

type single struct {
	f    string
	args []any
}

var singles = []single{
	{"", nil}, {"%", nil}, {"%%", nil}, {"%d", nil}, {"%!", nil}, {"%z", []any{5}}, {"%", []any{5}}, {"%5", []any{5}}, {"%.", []any{5}}, {"%.2", []any{5}}, {"% ", []any{1}},
	{"%[2]*.[1]*f|", []any{2, 12, 3.14159}}, {"%[3]*.[2]*[1]f|", []any{12.0, 2, 6}}, {"%[1]d %d %[1]d", []any{1, 2}}, {"%[3]d", []any{1}}, {"%[0]d", []any{1}}, {"%[-1]d", []any{1}},
	{"%[x]d", []any{1}}, {"%[]d", []any{1}}, {"%[1", []any{1}}, {"%[", []any{1}}, {"%[]", []any{1}}, {"%[1]", []any{1}}, {"%[99999999999]d", []any{1}}, {"%[3]2d", []any{1, 2, 3}}, {"%[1].2d", []any{1}},
	{"%[2].[1]*d", []any{3, 4}}, {"%*d|%-*d|%0*d", []any{5, 42, 5, 42, 5, 42}}, {"%*d|", []any{-5, 42}}, {"%0*d|", []any{-5, 42}}, {"%*d", []any{"x", 42}}, {"%*d", []any{nil, 42}}, {"%*d", []any{1.0, 42}},
	{"%*d", []any{1000001, 42}}, {"%*d", []any{-1000001, 42}}, {"%.*f|", []any{2, 3.14159}}, {"%.*f|", []any{-2, 3.14159}}, {"%.*d|", []any{"x", 3}}, {"%.*d|", []any{1000001, 3}}, {"%*", []any{5}}, {"%.*", []any{5}}, {"%*d", []any{5}},
	{"%*d|", []any{int64(5), 42}}, {"%*d|", []any{uint8(5), 42}}, {"%*d|", []any{time.Duration(5), 42}}, {"%*d|", []any{uint16(5), 42}}, {"%.*s|", []any{int32(2), "héllo"}},
	{"%99999999999d", []any{1}}, {"%.99999999999d", []any{1}}, {"%d %d", []any{1}}, {"%d", []any{1, "a", nil, 2.5, true}}, {"x", []any{nil}}, {"%s", []any{"a", []int{1}, time.Duration(1)}},
	{"%é", []any{1}}, {"%é", nil}, {"%\xff", []any{1}}, {"\xff%d\xfe", []any{1}}, {"%-010d|%+-8d|% 08d|%+ d", []any{1, 2, 3, 4}}, {"%#+v", []any{map[string]any{"a": 1}}}, {"%.3v|%.3s|%.3q|%.3x", []any{"héllo", "héllo", "héllo", "héllo"}},
	{"%.0d|%5.0d|%05.0d|%-5.0d|", []any{0, 0, 0, 0}}, {"%.5d|%8.5d|%08.5d|%-8.5d|%+.5d", []any{42, 42, 42, -42, 42}}, {"%d%%", []any{50}}, {"%5%|%-5%|%.2%", nil}, {"%[1]%", []any{1}}, {"%v %v", []any{nil, nil}},
	{"%6.2f%%|%s=%d", []any{99.5, "k", 3}}, {"%[1]s %[1]q %[1]x", []any{"hi"}}, {"%[2]s", []any{"a", "b"}}, {"%s %[3]s %s", []any{"a", "b", "c"}}, {"%w", []any{"e"}}, {"%w %w", []any{5, []int{1}}}, {"%!d", []any{1}}, {"%.1000d", []any{7}},
	{"%v", []any{}}, {"%p", []any{5}}, {"%p", []any{nil}}, {"%p", []any{"s"}}, {"%p", []any{[]int(nil)}}, {"%p|%#p|%10p", []any{map[string]any(nil), map[string]any(nil), []string(nil)}}, {"%p", []any{memkv.KVPair{Key: "a", Value: "b"}}}, {"%p", []any{2.5}},
	{"%b|%o|%O|%x|%X|%U|%c|%q", []any{-5, -5, -5, -5, -5, -5, -5, -5}}, {"%08.3f|%+08.3f|% 08.3f|%-08.3f|", []any{3.14159, 3.14159, 3.14159, 3.14159}}, {"%+.3e|%#.3g|%#g", []any{1234.5, 1234.5, 1.0}},
	{"%.50f", []any{0.1}}, {"%.60e", []any{5e-324}}, {"%.800f", []any{5e-324}}, {"%f", []any{math.MaxFloat64}}, {"%.20g", []any{0.1}}, {"%.0f %.0f %.0f %.0f", []any{0.5, 1.5, 2.5, 3.5}}, {"%.1100f", []any{2.2250738585072014e-308}},
	{"%x %X %#x % x %# x %# X", []any{"hello", "hello", "hello", "hello", "hello", "hello"}}, {"%8x|%-8x|%08x|%.2x", []any{"ab", "ab", "ab", "abc"}},
	{"%t %v %5t|%-7t|%07t", []any{true, false, true, false, true}}, {"%06d|%06d", []any{-12, 12}}, {"%+q %#q %#+q %q", []any{"é☺", "a`b", "é", "\x01"}}, {"%#U|%#U|%U|%.8U|%#.10U|%12U|%-12U|", []any{0x1F600, 7, -1, 65, 65, 65, 65}},
	{"%10.3v|%-10.3v|%010.3v", []any{"abcdef", "abcdef", "abcdef"}}, {"%5T|%-8T|%.2T|%08T", []any{1, 1, 1, 1}}, {"%5v|%-8v|%05v", []any{nil, nil, nil}}, {"%x", []any{[]any{"a", 255, nil, []byte("b")}}}, {"%6.1f", []any{[]any{1.0, 2.25}}},
	{"%q", []any{[]string{"a", "b"}}}, {"%03d", []any{[]int{1, 2}}}, {"%v %+v %#v", []any{time.Duration(1e9), time.Month(5), time.Weekday(1)}}, {"%d %x %q %s %5s|", []any{time.Month(5), time.Month(5), time.Month(5), time.Month(5), time.May}},
	{"%10v|%-10v|%10d", []any{time.Second, time.Second, time.Second}}, {"%z|%!|%z", []any{time.Second, 1, time.Month(2)}}, {"%t", []any{time.Second}}, {"%f", []any{time.Second}}, {"%U", []any{time.Second}},
}

var prints = [][]any{
	{}, {1}, {1, 2}, {"a", "b"}, {"a", 1, 2, "b"}, {1, "a", 2}, {nil}, {nil, nil}, {"a", nil, nil, "b"}, {true, false}, {1.5, 2, true}, {[]int{1}, []int{2}}, {time.Second, 1}, {"\xff", 1, 2},
	{map[string]any{"a": nil}, memkv.KVPair{Key: "k", Value: "v"}}, {"", 1, "", 2, 3}, {uint8(1), uint16(2), int32(3)}, {&net.SRV{Target: "t"}, 1}, {complex(1, 2), "x"},
}

// constant gives a literal of a template the type that text/template gives it.
func constant(n parse.Node) (any, bool) {
	switch n := n.(type) {
	case *parse.StringNode:
		return n.Text, true
	case *parse.BoolNode:
		return n.True, true
	case *parse.NilNode:
		return nil, true
	case *parse.NumberNode:
		isHex := strings.HasPrefix(n.Text, "0x") || strings.HasPrefix(n.Text, "0X") || strings.HasPrefix(n.Text, "-0x") || strings.HasPrefix(n.Text, "+0x")
		switch {
		case n.IsComplex && !n.IsFloat:
			return n.Complex128, true
		case n.IsFloat && n.Text[0] != '\'' && strings.ContainsAny(n.Text, ".eEpP") && !(isHex && !strings.ContainsAny(n.Text, "pP")):
			return n.Float64, true
		case n.IsInt:
			return int(n.Int64), true
		}
	}
	return nil, false
}

// conformance takes over the calls of printf with literals from a file of test cases.
func conformance(name string) (out []single) {
	raw, err := os.ReadFile(name)
	if err != nil {
		panic(err)
	}
	var cases []struct{ Name, Template, Output string }
	if err := json.Unmarshal(raw, &cases); err != nil {
		panic(err)
	}
	for _, c := range cases {
		tree := parse.New("t")
		tree.Mode = parse.SkipFuncCheck
		if _, err := tree.Parse(c.Template, "", "", map[string]*parse.Tree{}); err != nil {
			continue
		}
		for _, n := range tree.Root.Nodes {
			call, ok := literalCall(n)
			if !ok {
				continue
			}
			if got := fmt.Sprintf(call.f, call.args...); len(tree.Root.Nodes) == 1 && got != c.Output {
				panic(fmt.Sprintf("%s: %q, recorded %q", c.Name, got, c.Output))
			}
			out = append(out, call)
		}
	}
	return
}

func literalCall(n parse.Node) (call single, ok bool) {
	a, ok := n.(*parse.ActionNode)
	if !ok || len(a.Pipe.Cmds) != 1 || len(a.Pipe.Cmds[0].Args) < 2 || a.Pipe.Cmds[0].Args[0].String() != "printf" {
		return call, false
	}
	for i, n := range a.Pipe.Cmds[0].Args[1:] {
		v, ok := constant(n)
		if !ok {
			return call, false
		}
		if i > 0 {
			call.args = append(call.args, v)
		} else if call.f, ok = v.(string); !ok {
			return call, false
		}
	}
	return call, true
}

func golden() any {
	if *cases != "" {
		singles = append(singles, conformance(*cases)...)
	}
	plain := []string{""}
	small := []string{"", "#", "8", "-08", "+"}
	num := []string{"", "+", " ", "#", "08", "-8", "+08", "8.3", "-8.3", ".0", ".5", "#+.3", "# 010.4", ".12"}
	intMods := []string{"", "+", "#", "08", "-8", " 5", ".3", "+010.4", "#010"}
	strMods := []string{"", "+", "#", "# ", "012", "-12", ".2", "+.3", "12.1", " "}
	groups := []group{
		grid(cross(plain, verbs), all()),
		grid(cross([]string{"+", "#", "7", "-7"}, "v"), all()),
		grid(cross(intMods, "vbdoOxXcqU"), ints),
		grid(cross(num, "vbeEfgGxX"), floats),
		grid(cross(strMods, "vsqxX"), strs),
		grid(cross(small, "vdsqxg"), others),
	}
	var ss []any
	for _, s := range singles {
		args := []any{}
		for _, a := range s.args {
			args = append(args, encode(a))
		}
		ss = append(ss, []any{text(s.f), args, text(fmt.Sprintf(s.f, s.args...))})
	}
	var ps []any
	for _, p := range prints {
		args := []any{}
		for _, a := range p {
			args = append(args, encode(a))
		}
		ps = append(ps, []any{args, text(fmt.Sprint(p...)), text(fmt.Sprintln(p...))})
	}
	return map[string]any{"groups": groups, "formatted": ss, "printed": ps}
}

func fuzz(seed int64, n int) any {
	r := rand.New(rand.NewSource(seed))
	vals := all()
	var ss []any
	value := func() any {
		switch r.Intn(6) {
		case 0:
			return math.Float64frombits(r.Uint64())
		case 1:
			return float64(r.Intn(100000)) / float64([]int{1, 2, 3, 8, 10, 100, 1000}[r.Intn(7)])
		case 2:
			return int(r.Uint64()) >> r.Intn(64)
		case 3:
			b := make([]byte, r.Intn(8))
			for i := range b {
				b[i] = byte(r.Intn(256))
			}
			return string(b)
		}
		return vals[r.Intn(len(vals))]
	}
	for i := 0; i < n; i++ {
		var f strings.Builder
		nd := 1 + r.Intn(2)
		var args []any
		for d := 0; d < nd; d++ {
			f.WriteByte('%')
			for r.Intn(3) == 0 {
				f.WriteByte("+-# 0"[r.Intn(5)])
			}
			if r.Intn(12) == 0 {
				fmt.Fprintf(&f, "[%d]", r.Intn(4))
			}
			switch r.Intn(8) {
			case 0, 1:
				fmt.Fprint(&f, r.Intn(30))
			case 2:
				f.WriteByte('*')
				args = append(args, r.Intn(30)-10)
			}
			if r.Intn(3) == 0 {
				f.WriteByte('.')
				switch r.Intn(5) {
				case 0:
				case 1:
					f.WriteByte('*')
					args = append(args, r.Intn(30)-10)
				default:
					fmt.Fprint(&f, r.Intn(40))
				}
			}
			if r.Intn(20) == 0 {
				fmt.Fprintf(&f, "[%d]", r.Intn(4))
			}
			if r.Intn(40) == 0 {
				f.WriteString([]string{"é", "z", "!", "%", "\xff"}[r.Intn(5)])
			} else {
				f.WriteByte(verbs[r.Intn(len(verbs))])
			}
			if r.Intn(2) == 0 {
				f.WriteByte('|')
			}
			args = append(args, value())
		}
		if r.Intn(20) == 0 {
			args = args[:len(args)-1]
		}
		enc := []any{}
		for _, a := range args {
			enc = append(enc, encode(a))
		}
		ss = append(ss, []any{text(f.String()), enc, text(fmt.Sprintf(f.String(), args...))})
	}
	return map[string]any{"groups": []any{}, "formatted": ss, "printed": []any{}}
}

var (
	cases = flag.String("cases", "", "file of template cases to take calls of printf from")
	seed  = flag.Int64("seed", 0, "of the random cases")
	count = flag.Int("fuzz", 0, "write so many random cases instead of the grid")
)

func main() {
	flag.Parse()
	var document any
	if *count > 0 {
		document = fuzz(*seed, *count)
	} else {
		document = golden()
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(document); err != nil {
		panic(err)
	}
}
