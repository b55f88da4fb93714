// Command timegen records what Go's time makes of some instants, layouts and spans:
//
//	go run . > ../time.json
package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"sort"
	"strconv"
	"time"
	_ "time/tzdata"
	"unsafe"
)

// instant names a time: its location, seconds and nanoseconds since 1970, and what the monotonic clock read.
type instant struct {
	loc  string
	unix int64
	nsec int64
	mono *int64
}

var locations = map[string]*time.Location{"UTC": time.UTC}

func (i instant) time() time.Time {
	t := time.Unix(i.unix, i.nsec).In(locations[i.loc])
	if i.mono != nil {
		raw := (*struct {
			wall uint64
			ext  int64
			loc  *time.Location
		})(unsafe.Pointer(&t))
		const wallToInternal = (1884*365 + 1884/4 - 1884/100 + 1884/400) * 86400
		raw.wall |= 1<<63 | uint64(raw.ext-wallToInternal)<<30
		raw.ext = *i.mono
	}
	return t
}

func (i instant) code() []any {
	note(i.time())
	out := []any{i.loc, strconv.FormatInt(i.unix, 10), i.nsec}
	if i.mono != nil {
		out = append(out, strconv.FormatInt(*i.mono, 10))
	}
	return out
}

type zone struct {
	start, end int64
	name       string
	offset     int
	dst        bool
}

var zones = map[string]map[int64]zone{}

// note records the rules that hold at t, and those before and after.
func note(t time.Time) {
	add := func(t time.Time) (start, end time.Time) {
		start, end = t.ZoneBounds()
		z := zone{math.MinInt64, math.MaxInt64, "", 0, t.IsDST()}
		z.name, z.offset = t.Zone()
		if !start.IsZero() {
			z.start = start.Unix()
		}
		if !end.IsZero() {
			z.end = end.Unix()
		}
		if zones[t.Location().String()] == nil {
			zones[t.Location().String()] = map[int64]zone{}
		}
		zones[t.Location().String()][z.start] = z
		return
	}
	start, end := add(t)
	if !start.IsZero() {
		add(start.Add(-1))
	}
	if !end.IsZero() {
		add(end)
	}
}

var layouts = []string{
	time.Layout, time.ANSIC, time.UnixDate, time.RubyDate, time.RFC822, time.RFC822Z, time.RFC850, time.RFC1123, time.RFC1123Z,
	time.RFC3339, time.RFC3339Nano, time.Kitchen, time.Stamp, time.StampMilli, time.StampMicro, time.StampNano, time.DateTime, time.DateOnly, time.TimeOnly,
	"", "2006-01-02T15:04:05", "Jan January Janet Jan1 JanX Janu", "Mon Monday Money Mondays MonX Mo MST MSTX M", "1 01 001 15 10 11 115", "2 02 002 _2 __2 ___2 _2006 __2006 20060 200", "3 03 4 04 5 05 06 6 07 7 8 9 0",
	"PM pm P p AM am Pm", "-070000 -07:00:00 -0700 -07:00 -07 -7 -", "Z070000 Z07:00:00 Z0700 Z07:00 Z07 Z7 Z", "-07000 -07:0 Z0 Z070 Z07:0",
	".0 .00 .000 .000000 .000000000 .0000000000 .9 .99 .999999999 .9999999999", ",0 ,000 ,9 ,999999", "5.0 5.05 5.01 5.0a 5.09 5.90 05.000Z 05,999-", "no layout: é ☺", "2006年01月02日", "15h04m05s", "Monday, 02-Jan-06", "020106 030405",
	"..9 .,9 ,.0", "2006-002 __2", "05.00000000000000000001", "_2_2__2_", "JanuaryMondayMST", "Z07:00:000700", "22 33 44 55 66 1515", ".", ",", ".1",
}

func mono(n int64) *int64 { return &n }

var instants = []instant{
	{"UTC", 0, 0, nil}, {"UTC", 1700000000, 123456789, nil}, {"UTC", 1700000000, 120000000, mono(12345)}, {"UTC", 1700000000, 0, mono(-5000000001)},
	{"UTC", -62135596800, 0, nil}, {"UTC", -62135596801, 999999999, nil}, {"UTC", 951782400, 1, nil}, {"UTC", 1709164799, 999, nil}, {"UTC", 4102444800, 5000000, nil}, {"UTC", 253402300799, 0, nil}, {"UTC", 253402300800, 0, nil},
	{"UTC", -99999999999, 0, nil}, {"UTC", 1 << 50, 7, nil}, {"UTC", -(1 << 50), 7, nil}, {"UTC", math.MaxInt64 - 62135596800, 7, nil}, {"UTC", math.MinInt64, 0, nil}, {"UTC", 1136239445, 0, nil},
	{"Europe/Berlin", 1700000000, 123000000, mono(98765432109)}, {"Europe/Berlin", 1711846799, 0, nil}, {"Europe/Berlin", 1711846800, 0, nil}, {"Europe/Berlin", 1729990799, 500, nil}, {"Europe/Berlin", 1729990800, 0, mono(1)}, {"Europe/Berlin", 1720000000, 100, nil}, {"Europe/Berlin", 2200000000, 0, nil}, {"Europe/Berlin", -3000000000, 0, nil},
	{"America/New_York", 1710054000, 0, nil}, {"America/New_York", 1710053999, 0, nil}, {"America/New_York", 1730613600, 0, nil}, {"America/St_Johns", 1720000000, 0, nil}, {"Asia/Kathmandu", 1720000000, 0, nil}, {"America/Sao_Paulo", 1720000000, 0, nil}, {"Africa/Monrovia", -1000000000, 0, nil}, {"Europe/Dublin", 1705000000, 0, nil}, {"Pacific/Apia", 1325239200, 0, nil},
	{"Fixed/Seconds", 1700000000, 1, nil}, {"Fixed/Minus", 1700000000, 1, nil}, {"Fixed/Tiny", 1700000000, 1, nil}, {"Fixed/Unnamed", 1700000000, 1, nil}, {"Fixed/Day", 1700000000, 1, nil}, {"Fixed/\"é", 1700000000, 1, nil},
}

var spans = []time.Duration{0, 1, -1, 999, 1000, 1500, 999999, 1000000, 1500000, 123456789, 999999999, 1000000000, 1500000000, 59999999999, 60000000000, 3599000000000, 3600000000000, 90061000000001,
	-90061000000001, math.MaxInt64, math.MinInt64, math.MinInt64 + 1, 86400e9, 500, -1500000000, 7, 2500000000, 25}

func show(v any) string { return fmt.Sprintf("%T %v", v, v) }

// result of a call: the value, or the error.
func result(v any, err error) string {
	if err != nil {
		return "error " + err.Error()
	}
	return show(v)
}

func calls() (out []any) {
	for at, i := range instants {
		t := i.time()
		plain := []struct {
			name string
			v    any
		}{
			{"String", t.String()}, {"GoString", t.GoString()}, {"Unix", t.Unix()}, {"UnixMilli", t.UnixMilli()}, {"UnixMicro", t.UnixMicro()}, {"UnixNano", t.UnixNano()},
			{"Year", t.Year()}, {"Month", t.Month()}, {"Day", t.Day()}, {"Hour", t.Hour()}, {"Minute", t.Minute()}, {"Second", t.Second()}, {"Nanosecond", t.Nanosecond()}, {"Weekday", t.Weekday()}, {"YearDay", t.YearDay()},
			{"IsZero", t.IsZero()}, {"IsDST", t.IsDST()}, {"UTC", t.UTC()}, {"Local", t.Local()}, {"Location", t.Location()},
		}
		note(t.Local())
		var row []any
		for _, p := range plain {
			row = append(row, []any{p.name, []any{}, show(p.v)})
		}
		add := func(name string, r string, args ...any) { row = append(row, []any{name, append([]any{}, args...), r}) }
		add("MarshalJSON", result(t.MarshalJSON()))
		add("MarshalText", result(t.MarshalText()))
		add("MarshalBinary", result(t.MarshalBinary()))
		add("GobEncode", result(t.GobEncode()))
		for nth, d := range spans {
			if (nth+at)%4 > 0 {
				continue
			}
			n := strconv.FormatInt(int64(d), 10)
			for _, u := range []time.Time{t.Add(d), t.Truncate(d), t.Round(d)} {
				note(u)
			}
			add("Add", show(t.Add(d)), n)
			add("Truncate", show(t.Truncate(d)), n)
			add("Round", show(t.Round(d)), n)
		}
		for _, a := range [][3]int{{0, 0, 0}, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {-1, 2, 3}, {0, 0, -1}, {0, -1, 0}, {-4, -13, 400}, {100, 25, -1000}, {0, 12, 0}, {-2024, 0, 0}, {0, 0, 137}, {0, 0, 227}, {0, 6, 17}, {0, -8, 0}, {0, 0, 365}, {0, 0, -230}} {
			u := t.AddDate(a[0], a[1], a[2])
			note(u)
			add("AddDate", show(u), strconv.Itoa(a[0]), strconv.Itoa(a[1]), strconv.Itoa(a[2]))
		}
		for other, j := range instants {
			if other != at && (other+at)%8 > 0 {
				continue
			}
			u := j.time()
			add("Sub", show(t.Sub(u)), j.code())
			add("After", show(t.After(u)), j.code())
			add("Before", show(t.Before(u)), j.code())
			add("Equal", show(t.Equal(u)), j.code())
			add("Compare", show(t.Compare(u)), j.code())
		}
		for _, a := range [][3]int{{math.MaxInt64, 0, 0}, {0, math.MinInt64, 0}, {0, 0, math.MaxInt64}, {math.MinInt64, math.MaxInt64, math.MinInt64}, {1 << 40, 0, 0}, {0, 0, -1 << 40}} {
			if i.loc == "UTC" {
				add("AddDate", show(t.AddDate(a[0], a[1], a[2])), strconv.Itoa(a[0]), strconv.Itoa(a[1]), strconv.Itoa(a[2]))
			}
		}
		out = append(out, []any{i.code(), row})
	}
	return
}

func formats() any {
	var rows []any
	for _, i := range instants {
		var row []any
		for _, l := range layouts {
			row = append(row, i.time().Format(l))
		}
		rows = append(rows, []any{i.code(), row})
	}
	return map[string]any{"layouts": layouts, "rows": rows}
}

func printed() (out []any) {
	for _, i := range instants {
		directives := []string{"%v", "%s", "%q", "%x", "%#v", "%+v", "%T", "%45v|", "%.7s", "%5.3T"}
		if i.loc == "UTC" {
			directives = append(directives, "%d", "%x", "%z", "%#w", "%b", "%t", "%05d", "%U", "%+d")
		}
		for _, d := range directives {
			out = append(out, []any{i.code(), d, fmt.Sprintf(d, i.time())})
		}
	}
	return
}

func durations() (out []any) {
	for _, d := range spans {
		add := func(name string, v any, args ...any) {
			out = append(out, []any{strconv.FormatInt(int64(d), 10), name, append([]any{}, args...), show(v)})
		}
		add("String", d.String())
		add("Hours", d.Hours())
		add("Minutes", d.Minutes())
		add("Seconds", d.Seconds())
		add("Milliseconds", d.Milliseconds())
		add("Microseconds", d.Microseconds())
		add("Nanoseconds", d.Nanoseconds())
		add("Abs", d.Abs())
		for nth, m := range spans {
			if nth%2 > 0 && m != math.MaxInt64 {
				continue
			}
			add("Round", d.Round(m), strconv.FormatInt(int64(m), 10))
			add("Truncate", d.Truncate(m), strconv.FormatInt(int64(m), 10))
		}
	}
	return
}

func main() {
	for _, name := range []string{"Europe/Berlin", "America/New_York", "America/St_Johns", "Asia/Kathmandu", "America/Sao_Paulo", "Africa/Monrovia", "Europe/Dublin", "Pacific/Apia"} {
		l, err := time.LoadLocation(name)
		if err != nil {
			panic(err)
		}
		locations[name] = l
	}
	fixed := map[string]int{"Fixed/Seconds": 3600 + 61, "Fixed/Minus": -3600 - 61, "Fixed/Tiny": -30, "Fixed/Day": 24 * 3600}
	for name, offset := range fixed {
		locations[name] = time.FixedZone(name, offset)
	}
	locations["Fixed/Unnamed"] = time.FixedZone("", -12600)
	locations["Fixed/\"é"] = time.FixedZone("Fixed/\"é", 60)
	time.Local = locations["Europe/Berlin"]

	document := map[string]any{"formats": formats(), "printed": printed(), "calls": calls(), "durations": durations()}
	all := map[string]any{}
	for name, byStart := range zones {
		var list []zone
		for _, z := range byStart {
			list = append(list, z)
		}
		sort.Slice(list, func(i, j int) bool { return list[i].start < list[j].start })
		var rows []any
		for _, z := range list {
			rows = append(rows, []any{strconv.FormatInt(z.start, 10), strconv.FormatInt(z.end, 10), z.name, z.offset, z.dst})
		}
		all[name] = rows
	}
	document["zones"] = all
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(document); err != nil {
		panic(err)
	}
}
