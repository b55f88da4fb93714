// Recorded from Go 1.27: what json.Unmarshal into an interface{} makes of a text. A row is the text, a tab, and `=` with
// what json.Marshal writes for the result, or `!` with the error. %XX is a byte that is not printable ASCII.

let goldenErrors = #"""
    	!unexpected end of JSON input
    %20%20%20	!unexpected end of JSON input
    {	!unexpected end of JSON input
    }	!invalid character '}' looking for beginning of value
    {"a"	!unexpected end of JSON input
    {"a":	!unexpected end of JSON input
    {"a":1	!unexpected end of JSON input
    {"a":1,	!unexpected end of JSON input
    {"a":1,}	!invalid character '}' looking for beginning of object key string
    {,}	!invalid character ',' looking for beginning of object key string
    {"a" 1}	!invalid character '1' after object key
    {"a";1}	!invalid character ';' after object key
    {a:1}	!invalid character 'a' looking for beginning of object key string
    {'a':1}	!invalid character '\'' looking for beginning of object key string
    {1:2}	!invalid character '1' looking for beginning of object key string
    {"a":1 "b":2}	!invalid character '"' after object key:value pair
    {"a":1}{"b":2}	!invalid character '{' after top-level value
    {"a":1} x	!invalid character 'x' after top-level value
    {"a":1}}	!invalid character '}' after top-level value
    {"a":tru}	!invalid character '}' in literal true (expecting 'e')
    {"a":nul}	!invalid character '}' in literal null (expecting 'l')
    {"a":falsee}	!invalid character 'e' after object key:value pair
    {"a":True}	!invalid character 'T' looking for beginning of value
    {"a":undefined}	!invalid character 'u' looking for beginning of value
    {"a":'x'}	!invalid character '\'' looking for beginning of value
    {"a":.5}	!invalid character '.' looking for beginning of value
    {"a":1.}	!invalid character '}' in numeric literal
    {"a":01}	!invalid character '1' after object key:value pair
    {"a":-}	!invalid character '}' in numeric literal
    {"a":+1}	!invalid character '+' looking for beginning of value
    {"a":1e}	!invalid character '}' in numeric literal
    {"a":1e400}	!json: cannot unmarshal number 1e400 into Go struct field .a of type float64
    {"x":{"y":[1,2e999]}}	!json: cannot unmarshal number 2e999 into .x.y.1 of type float64
    {"a":NaN}	!invalid character 'N' looking for beginning of value
    {"a":"\x"}	!invalid escape sequence `\x` in string
    {"a":"\u12"}	!invalid escape sequence `\u12"}` in string
    {"a":"x%0Ay"}	!invalid character '\n' in string
    {"a":"x%09y"}	!invalid character '\t' in string
    {"a":"unterminated}	!unexpected end of JSON input
    // comment%0A{}	!invalid character '/' looking for beginning of value
    {} // comment	!invalid character '/' after top-level value
    %EF%BB%BF{}	!invalid character '\ufeff' looking for beginning of value
    %C3%A9	!invalid character '%C3%A9' looking for beginning of value
    nul	!unexpected end of JSON input
    nulx	!invalid character 'x' in literal null (expecting 'l')
    %00	!invalid character '\x00' looking for beginning of value
    {"a":[1,2}	!invalid character '}' after array element
    {"a":{]}	!invalid character ']' looking for beginning of object key string
    bad	!invalid character 'b' looking for beginning of value
    ["\u00G0"]	!invalid escape sequence `\u00G0` in string
    ["\	!unexpected end of JSON input
    ["\u"]	!invalid escape sequence `\u"]` in string
    ["\u00	!unexpected end of JSON input
    ["a\%0A"]	!invalid escape sequence "\\\n" in string
    ["%01"]	!invalid character '\x01' in string
    [	!unexpected end of JSON input
    ]	!invalid character ']' looking for beginning of value
    [1	!unexpected end of JSON input
    [1,	!unexpected end of JSON input
    [1,]	!invalid character ']' looking for beginning of value
    [,1]	!invalid character ',' looking for beginning of value
    [1 2]	!invalid character '2' after array element
    [1,,2]	!invalid character ',' looking for beginning of value
    [1]]	!invalid character ']' after top-level value
    [1],	!invalid character ',' after top-level value
    [tru]	!invalid character ']' in literal true (expecting 'e')
    [truefalse]	!invalid character 'f' after array element
    [0x1]	!invalid character 'x' after array element
    [1e999]	!json: cannot unmarshal number 1e999 into .0 of type float64
    [1,[2,1e999]]	!json: cannot unmarshal number 1e999 into .1.1 of type float64
    [{"a":1e999}]	!json: cannot unmarshal number 1e999 into Go struct field .0.a of type float64
    [-]	!invalid character ']' in numeric literal
    [--1]	!invalid character '-' in numeric literal
    [1.e5]	!invalid character 'e' in numeric literal
    [1.5.2]	!invalid character '.' after array element
    [00]	!invalid character '0' after array element
    ["a" "b"]	!invalid character '"' after array element
    ['a']	!invalid character '\'' looking for beginning of value
    [a]	!invalid character 'a' looking for beginning of value
    [%C3%A9]	!invalid character '%C3%A9' looking for beginning of value
    [1,%0A2,%0A x]	!invalid character 'x' looking for beginning of value
    [{]	!invalid character ']' looking for beginning of object key string
    x	!invalid character 'x' looking for beginning of value
    1e999	!json: cannot unmarshal number 1e999 into Go value of type float64
    {"a":1e999}	!json: cannot unmarshal number 1e999 into Go struct field .a of type float64
    1 2	!invalid character '2' after top-level value
    %20	!unexpected end of JSON input
    {"a":1e999,"a":1}	!json: cannot unmarshal number 1e999 into Go struct field .a of type float64
    [1e999,2e999]	!json: cannot unmarshal number 1e999 into .0 of type float64
    {"b":1e999,"a":2e999}	!json: cannot unmarshal number 1e999 into Go struct field .b of type float64
    -1e999	!json: cannot unmarshal number -1e999 into Go value of type float64
    {"":1e999}	!json: cannot unmarshal number 1e999 into Go value of type float64
    {"a":{"":1e999}}	!json: cannot unmarshal number 1e999 into Go struct field .a. of type float64
    {"":{"a":1e999}}	!json: cannot unmarshal number 1e999 into Go struct field ..a of type float64
    {"1":1e999}	!json: cannot unmarshal number 1e999 into .1 of type float64
    {"a.1":1e999}	!json: cannot unmarshal number 1e999 into .a.1 of type float64
    {"a/b~c":1e999}	!json: cannot unmarshal number 1e999 into Go struct field .a~1b~0c of type float64
    [[[1e999]]]	!json: cannot unmarshal number 1e999 into .0.0.0 of type float64
    {"a":[{"b":1e999}]}	!json: cannot unmarshal number 1e999 into Go struct field .a.0.b of type float64
    [0,1,2,3,4,5,6,7,8,9,1e400]	!json: cannot unmarshal number 1e400 into .10 of type float64
    {"%C3%A9":1e999}	!json: cannot unmarshal number 1e999 into Go struct field .%C3%A9 of type float64
    {"\u0041":1e999}	!json: cannot unmarshal number 1e999 into Go struct field .A of type float64
    1.7976931348623159e308	!json: cannot unmarshal number 1.7976931348623159e308 into Go value of type float64
    1e309	!json: cannot unmarshal number 1e309 into Go value of type float64
    01	!invalid character '1' after top-level value
    -	!unexpected end of JSON input
    -a	!invalid character 'a' in numeric literal
    +1	!invalid character '+' looking for beginning of value
    1.	!unexpected end of JSON input
    .5	!invalid character '.' looking for beginning of value
    1.e1	!invalid character 'e' in numeric literal
    1e	!unexpected end of JSON input
    1e+	!unexpected end of JSON input
    1ee	!invalid character 'e' in numeric literal
    1e1.5	!invalid character '.' after top-level value
    0x10	!invalid character 'x' after top-level value
    1_000	!invalid character '_' after top-level value
    --1	!invalid character '-' in numeric literal
    -01	!invalid character '1' after top-level value
    1.2.3	!invalid character '.' after top-level value
    1,	!invalid character ',' after top-level value
    Infinity	!invalid character 'I' looking for beginning of value
    NaN	!invalid character 'N' looking for beginning of value
    -Infinity	!invalid character 'I' in numeric literal
    0a	!invalid character 'a' after top-level value
    -0a	!invalid character 'a' after top-level value
    00	!invalid character '0' after top-level value
    1a	!invalid character 'a' after top-level value
    12e	!unexpected end of JSON input
    12e-	!unexpected end of JSON input
    12e-x	!invalid character 'x' in numeric literal
    1.x	!invalid character 'x' in numeric literal
    -.5	!invalid character '.' in numeric literal
    n	!unexpected end of JSON input
    nu	!unexpected end of JSON input
    nulll	!invalid character 'l' after top-level value
    nullx	!invalid character 'x' after top-level value
    nUll	!invalid character 'U' in literal null (expecting 'u')
    t	!unexpected end of JSON input
    tr	!unexpected end of JSON input
    trux	!invalid character 'x' in literal true (expecting 'e')
    truee	!invalid character 'e' after top-level value
    f	!unexpected end of JSON input
    fals	!unexpected end of JSON input
    falsy	!invalid character 'y' in literal false (expecting 'e')
    False	!invalid character 'F' looking for beginning of value
    nil	!invalid character 'i' in literal null (expecting 'u')
    undefined	!invalid character 'u' looking for beginning of value
    "	!unexpected end of JSON input
    "a	!unexpected end of JSON input
    "\"	!unexpected end of JSON input
    "\	!unexpected end of JSON input
    "\u	!unexpected end of JSON input
    "\u0	!unexpected end of JSON input
    "\u00	!unexpected end of JSON input
    "\u004	!unexpected end of JSON input
    "\u0041	!unexpected end of JSON input
    "\u00g1"	!invalid escape sequence `\u00g1` in string
    "\u 041"	!invalid escape sequence "\\u 041" in string
    "\x41"	!invalid escape sequence `\x` in string
    "\a"	!invalid escape sequence `\a` in string
    "\0"	!invalid escape sequence `\0` in string
    "\ "	!invalid escape sequence "\\ " in string
    "\`"	!invalid escape sequence "\\`" in string
    "\u12`4"	!invalid escape sequence "\\u12`4" in string
    "\%C3%A9"	!invalid escape sequence "\\\xc3" in string
    "\U0041"	!invalid escape sequence `\U` in string
    "%09"	!invalid character '\t' in string
    "%0A"	!invalid character '\n' in string
    "a%0Db"	!invalid character '\r' in string
    "%00"	!invalid character '\x00' in string
    "%1F"	!invalid character '\x1f' in string
    "\ud83d\u"	!invalid escape sequence `\u"` in string
    "\ud83d\ude0"	!invalid escape sequence `\ude0"` in string
    "\ud83d\ude	!unexpected end of JSON input
    "\ud83d\uzzzz"	!invalid escape sequence `\uzzzz` in string
    "\"x"y"	!invalid character 'y' after top-level value
    'a'	!invalid character '\'' looking for beginning of value
    "a" "b"	!invalid character '"' after top-level value
    "123456789012345%09"	!invalid character '\t' in string
    [,]	!invalid character ',' looking for beginning of value
    [1}	!invalid character '}' after array element
    [}	!invalid character '}' looking for beginning of value
    [:]	!invalid character ':' looking for beginning of value
    [1:2]	!invalid character ':' after array element
    ["a":1]	!invalid character ':' after array element
    [1;2]	!invalid character ';' after array element
    [[1,2],[3	!unexpected end of JSON input
    [[[	!unexpected end of JSON input
    [1]x	!invalid character 'x' after top-level value
    [1] ]	!invalid character ']' after top-level value
    []]	!invalid character ']' after top-level value
    [ ,	!invalid character ',' looking for beginning of value
    [a	!invalid character 'a' looking for beginning of value
    ["a	!unexpected end of JSON input
    ["a"	!unexpected end of JSON input
    ["a",	!unexpected end of JSON input
    [nul	!unexpected end of JSON input
    [1.]	!invalid character ']' in numeric literal
    [1e]	!invalid character ']' in numeric literal
    {"a":1;"b":2}	!invalid character ';' after object key:value pair
    {"a"::1}	!invalid character ':' looking for beginning of value
    {null:1}	!invalid character 'n' looking for beginning of object key string
    {"a":}	!invalid character '}' looking for beginning of value
    {"a":,}	!invalid character ',' looking for beginning of value
    {:1}	!invalid character ':' looking for beginning of object key string
    {"a",1}	!invalid character ',' after object key
    {"a":1]	!invalid character ']' after object key:value pair
    {]	!invalid character ']' looking for beginning of object key string
    {"a":1}x	!invalid character 'x' after top-level value
    {"a":1},	!invalid character ',' after top-level value
    {}{}	!invalid character '{' after top-level value
    {} []	!invalid character '[' after top-level value
    {"a":1}//	!invalid character '/' after top-level value
    {/**/}	!invalid character '/' looking for beginning of object key string
    %23	!invalid character '%23' looking for beginning of value
    ,	!invalid character ',' looking for beginning of value
    :	!invalid character ':' looking for beginning of value
    ,1	!invalid character ',' looking for beginning of value
    : 1	!invalid character ':' looking for beginning of value
    ,%20	!invalid character ',' looking for beginning of value
    :%20	!invalid character ':' looking for beginning of value
    "a":1	!invalid character ':' after top-level value
    {"a":%09}	!invalid character '}' looking for beginning of value
    \	!invalid character '\\' looking for beginning of value
    @	!invalid character '@' looking for beginning of value
    %EF%BB%BF[]	!invalid character '\ufeff' looking for beginning of value
    %C2%A0[]	!invalid character '\u00a0' looking for beginning of value
    %E2%80%8B	!invalid character '\u200b' looking for beginning of value
    %E2%80%A8	!invalid character '\u2028' looking for beginning of value
    [%C2%A0]	!invalid character '\u00a0' looking for beginning of value
    {"a":%C3%A9}	!invalid character '%C3%A9' looking for beginning of value
    tru%C3%A9	!invalid character '%C3%A9' in literal true (expecting 'e')
    %0B[]	!invalid character '\v' looking for beginning of value
    %0C	!invalid character '\f' looking for beginning of value
    /	!invalid character '/' looking for beginning of value
    /* */ 1	!invalid character '/' looking for beginning of value
    [1,/**/2]	!invalid character '/' looking for beginning of value
    `	!invalid character '`' looking for beginning of value
    {`a`:1}	!invalid character '`' looking for beginning of object key string
    %FF	!invalid character '\xff' looking for beginning of value
    ["%C3	!unexpected end of JSON input
    [1%FF]	!invalid character '\xff' after array element
    {"a"%FF:1}	!invalid character '\xff' after object key
    {"a":1%FF}	!invalid character '\xff' after object key:value pair
    ["\%C3%A9"]	!invalid escape sequence "\\\xc3" in string
    ["\%FF"]	!invalid escape sequence "\\\xff" in string
    %7F	!invalid character '\x7f' looking for beginning of value
    %C2%AD	!invalid character '\u00ad' looking for beginning of value
    %F0%9F%98%80	!invalid character '%F0%9F%98%80' looking for beginning of value
    %EF%BF%BD	!invalid character '%EF%BF%BD' looking for beginning of value
    "\u00%FF0"	!invalid escape sequence "\\u00\xff0" in string
    "\u%E2%82%AC"	!invalid escape sequence `\u%E2%82%AC"` in string
    ["a%00"]	!invalid character '\x00' in string
    "\%00"	!invalid escape sequence "\\\x00" in string
    {"a%FF/~b":[0,{"x":1e999}]}	!json: cannot unmarshal number 1e999 into Go struct field .a%EF%BF%BD~1~0b.1.x of type float64
    {"a":[1,-2.5e3,"x\n\u00e9],"b":{"c":null,"d":true}}	!invalid character 'b' after array element
    [{"host":"10.1.	!unexpected end of JSON input
    %20%20[:e2%20,%200.5%20,%20"\""%20]%20	!invalid character ':' looking for beginning of value
    [{"host":"10.1.2.3","port":8000},[],{},fa%0Alse,"\ud83d\ude00"]	!invalid character '\n' in literal false (expecting 'l')
    [{"host":"10.1.2.3"e,"port":8000}1,[],{},false,"\ud83d\ude00"]	!invalid character 'e' after object key:value pair
    [{"host":"10.1.2.3","port":8000},[],{},false,"\ud83\ude00"]	!invalid escape sequence `\ud83\` in string
    %20%20[1e2%20+,%200.5%20,%20"q\""%20]%20	!invalid character '+' after array element
    {"a":[1,-2.5e3,"x\n\u00e9"],"b":{"c":nll,"d":true}}	!invalid character 'l' in literal null (expecting 'u')
    [{"ho	!unexpected end of JSON input
    {"a":[1,-2x5e3,"x\n\u00e9"],"b":{"c":null,"d":true}}	!invalid character 'x' after array element
    [{"host":"10.1.2.3","port":8000},[],{},fa[se,"\ud	!invalid character '[' in literal false (expecting 'l')
    {"a":[1,-2.5e3,"x\.n\u00e9"],"b":{"c":null,"d":true}}	!invalid escape sequence `\.` in string
    {[{"host":"10.1.2.3","port":8000},[],{},false,"\ud83d\ude00"]	!invalid character '[' looking for beginning of object key string
    [{"host":"10.1.2.3","p,ort":8000},[],{},false,"\ d83d\ude00"]	!invalid escape sequence "\\ " in string
    %20%20[e2%20[%200.5%20,%20"q\""%20]%20	!invalid character 'e' looking for beginning of value
    [}{"host":"10.1.2.3","port":800-},[],{},false,"\ud83d\ude00"]	!invalid character '}' looking for beginning of value
    [{"host":"10.1.2.3","port":8000},[],{},false\"\ud83d\ude00]	!invalid character '\\' after array element
    [{"host":"10.1.2.3"\"port":8000},[],{},false,"\ud83d\ude00"]	!invalid character '\\' after object key:value pair
    {"a":[1,-%0A.5e3,x\n\u00e9"],"b":{"c":null,"d":true}}	!invalid character '\n' in numeric literal
    {"a":[1,t2.5e3,"x\n\u00e9"],"b":{"c":null,"d":true}}	!invalid character '2' in literal true (expecting 'r')
    [{"nost":"10.1.2.3","port":800	!unexpected end of JSON input
    %20\[1e2%20,%200.5%20,%20"q\""%20]%20	!invalid character '\\' looking for beginning of value
    [{"host0:"10.1.2.3","port":8000},[],{},false,"\ud83d\+ude00"]	!invalid character '1' after object key
    [{"host":10.}.2.3","port	!invalid character '}' in numeric literal
    [{"host":"10.1.2.3""port":8000},[],{},false,"\ud83d\ude00"]	!invalid character '"' after object key:value pair
    {"a":[1,-2.5e3,"x\n\u00e9"],"b":{"c":null,"d":true}	!unexpected end of JSON input
    {"a"e:[1,-2.5e3,"x\n\u00e9"],"b":{"c":null,"d":true}}	!invalid character 'e' after object key
    %20%20[1e2%20,%200.t%20,%20eq\""%20]%20	!invalid character 't' in numeric literal
    {"a":[1,-2.5e3,"x\n\u00e9"],"b":{"c":null,xd":true}}	!invalid character 'x' looking for beginning of object key string
    {"a":[1,-2.5e3,"x\n\u00e9"],"b":{"c":null,"d"true}}	!invalid character 't' after object key
    {"a":[1,-2.5e3,"x\n\u00e9"],"b":{"c":null,"d":terue}}	!invalid character 'e' in literal true (expecting 'r')
    [{	!unexpected end of JSON input
    {"a":[1,-2.5e3,"x\n\u00"	!invalid escape sequence `\u00"` in string
    {"a":[1.,-2.5e3,"x\n\u00e9"],"b":{"c":null,"d":true}}	!invalid character ',' in numeric literal
    {"ax:[1,-2.5e3,"x\n\u00e9"],"b":{"c":null,"d":true}}	!invalid character 'x' after object key
    [{"host":"10.1.2.3","port":8000},[],{n},false,"\ud83d\ude00"%20	!invalid character 'n' looking for beginning of object key string
    {"a".[1,-2.5e3,"x\n\u00e9"],"b":{"c":null,"d":true}}	!invalid character '.' after object key
    {"a":[1,-2.5e3,"]\n\u00e9"],"b":{"c":null,"d":tru}}	!invalid character '}' in literal true (expecting 'e')
    %20[1e2%20,%200.5	!unexpected end of JSON input
    {"a":[1,-2.5e3,"x\n\u00e9"]"b":{}"c":null,"d":true}}	!invalid character '"' after object key:value pair
    {"a":[1,-2.5e3,"x\n\u0t0e9"],"b":{"c":nul,"d":true}}	!invalid escape sequence `\u0t0e` in string
    [{"host"e"10.1.2.3","po	!invalid character 'e' after object key
    e%20%20[1e2%20,%200.5%20,%20"q\""%20]%20	!invalid character 'e' looking for beginning of value
    %20%20[1e2%20,%200.5{,%20q\""%20]%20	!invalid character '{' after array element
    {"a":[1,-2.5e3,"x\n\u00e9"],"b":{1"c":null,"d":true}}	!invalid character '1' looking for beginning of object key string
    [{"host":"10.1.2.3n,"port":8000,[],{},false,"\ud83d\ude00"]	!invalid character 'p' after object key:value pair
    [{"host":"10.1.2.3","port":8000},[],{},false,"\ud83d\ud[00{]	!invalid escape sequence `\ud[00` in string
    ["	!unexpected end of JSON input
    {"a":[1,-2.5e3,"x\n\u00e9"],"b":{t"c":nul.l,"d":t	!invalid character 't' looking for beginning of object key string
    [{"h%01st":"10.1.2.3","por	!invalid character '\x01' in string
    [{"host":"10.1.2.3","port":800},[],{},f{alse,"\ud83d\ude00"]	!invalid character '{' in literal false (expecting 'a')
    %20%20[1e2%20,%200.t%20,%20"q\""%20]%20	!invalid character 't' in numeric literal
    {"a":[1"-2.5e3,"x\n\u00e9"]0,"b":{"c":null,"d":true}}	!invalid character '"' after array element
    [{"host":"10.1.2.3","port":8000},[],},false,"\ud83d\ude00"]	!invalid character '}' looking for beginning of value
    {"a":[1,-2.5e3,"xnu0	!unexpected end of JSON input
    {"a":[1,-2.5e3,,"x\]n\u00e9"],"b":{"c":null,"d":true}}	!invalid character ',' looking for beginning of value
    [{"host":"10.1.2.3","port":8000},[]t{},false,"\ud83d\ude00"]	!invalid character 't' after array element
    [{"host":"10.1.2.3","port":8000},[],{},false,"\ud83d\de00"]	!invalid escape sequence `\d` in string
    %20%20[1e2%20,%200	!unexpected end of JSON input
    %20%20[1e	!unexpected end of JSON input
    {"a":[1,-2.5e3,"x\n\u00e9"],"b":{"c":null,0"d":true}}	!invalid character '0' looking for beginning of object key string
    %20%20[1e2],%200.5%20,%20"q\""%20]%20	!invalid character ',' after top-level value
    %20%20[ne2%20,%200.5%20,%20"q\""]%20	!invalid character 'e' in literal null (expecting 'u')
    {"a":[1,-2.5e3"x\n\u00e91],"b":{"c":null,"d":true}}	!invalid character '"' after array element
    [{"host":"10.1.2.3","poert":8000}x[],{},false,"\ud83d\ude00"]	!invalid character 'x' after array element
    [{"%0Aost":"10.1.2.3","port":8000},[]	!invalid character '\n' in string
    [{"host":"10.1	!unexpected end of JSON input
    %20%20[1-2%20,%200.5%20,%20"q\""%20]%20	!invalid character '-' after array element
    %20%20[1e2%20e%200.5%20%20"q	!invalid character 'e' after array element
    %20%20[1e2%20,%200.5%20,%20"q[""\%20]%20	!invalid character '"' after array element
    %20%20[1e0%20e,%200.5%20,%20"q\""%20]%20	!invalid character 'e' after array element
    %20%20[1e2%20,%200.%20,%20"q\""%20]	!invalid character ' ' in numeric literal
    {"a":[1,-2.5e3,"x\n\u00e9"],"b":{"c":null,"d":tre}}	!invalid character 'e' in literal true (expecting 'u')
    [{"host":"10.1.2.3","port":8000},[],{},fal	!unexpected end of JSON input
    [{"ost":"10.1.2.3","port":8000},[],{},false,"\ud83d\ude00""	!invalid character '"' after array element
    [{"host{":"10.1.2.3","port":8000},[	!unexpected end of JSON input
    [{"host":"10.1.}2.3","port":8000},[],{},falte,"\ud83d\ude00"]	!invalid character 't' in literal false (expecting 's')
    %20[1e2%20,%200.5%20,%20"q\""%20\]%20	!invalid character '\\' after array element
    {"a":[1,-2.5e3,"x\n\u00e9"]-,"b":{"c":null,"d":true}}	!invalid character '-' after object key:value pair
    [{"host":"10.1.2.3","port":800},[],{},false,"\ud83d\eude00"]	!invalid escape sequence `\e` in string
    %20%20[%01e2%20,%200.5%20,%20"q\""%20]%20	!invalid character '\x01' looking for beginning of value
    [{"host":"10.1.2.3","port":8000},[],{},false,"\uxd83d\ude00"]	!invalid escape sequence `\uxd83` in string
    %20%20[1e2%20,%200.5%20,%20,"q\""%20-%20	!invalid character ',' looking for beginning of value
    {"a":[1,-2.5e3,"x\n\u00e9"],"b":}{"c":null,"d":true}}	!invalid character '}' looking for beginning of value
    [{"host":"10.1.2.3","port":8000},[],{},als	!invalid character 'a' looking for beginning of value
    %20%20[e2%20,%200.5%20,%20."q\""%20]%20	!invalid character 'e' looking for beginning of value
    %20%20}[1e	!invalid character '}' looking for beginning of value
    {"a"}:[1,-2.5e3,"x\n\u00e9"],"b":{"c":null,"d":true	!invalid character '}' after object key
    %20%20[1e2%20,%200.5%20,%20"q""%20]%20	!invalid character '"' after array element
    {"a":[1,-2.5e3,x\n\u0e9"],"b":{"c":null,"d":true}}	!invalid character 'x' looking for beginning of value
    %20%20[1et%20,%200.5%20,%20"q\""%20]%20	!invalid character 't' in numeric literal
    %20%20[1e%012%20,%200.5%20,0"q\""%20]%20	!invalid character '\x01' in numeric literal
    [{"host":"10.1.2.3","port":8000},[],{%0A,false,"\ud83d\ude00"]	!invalid character ',' looking for beginning of object key string
    [{"host":"10.1.2.3","port":8000},[]{},false,"\ud83d\ude00"]	!invalid character '{' after array element
    [{"host":"10.1.2.3","port":8000]},[],{},false,"\ud83d\ud	!invalid character ']' after object key:value pair
    %20%20[1e2%20,%200.5%20,+%20xq\""%20]%20	!invalid character '+' looking for beginning of value
    {"a":[1,-2.e,"x\n\u00e9"],"b":{"c":null,"d":true}}	!invalid character 'e' in numeric literal
    {"a":[1,-2.5e3,"x\n\u00eu"],"b":{"c":null,"d":true}}	!invalid escape sequence `\u00eu` in string
    %20%20[1e2%20,%200.5%20,%20"q	!unexpected end of JSON input
    %20%20[1e2%20\,,%200.5%20,%20"q\""%20]%20	!invalid character '\\' after array element
    [{"host":"10.1.2.3","po	!unexpected end of JSON input
    [{"host":"10.1.2,.3","port":8000,[],{},false,"\ud83d\ude00"]	!invalid character '[' looking for beginning of object key string
    %20%20[1e2,%200.5%20,%20{q\""%20]%20	!invalid character 'q' looking for beginning of object key string
    {"a":[1,-2.5e3,"x\n u00e9"],"b":{"c":nullt,"d":true}}	!invalid character 't' after object key:value pair
    %20%20[1e2t,%200.5%20,%20"q\""%20]%20	!invalid character 't' after array element
    %20}[1e2%20,%200.5%20,%20"q\""%20]	!invalid character '}' looking for beginning of value
    %20%20[1e2%20,%200.5%20,%20\q\""%20]%20	!invalid character '\\' looking for beginning of value
    %20%20[1e2%20,0.5%20,%20"q}""%20]%20	!invalid character '"' after array element
    %20%20[1e2%20,%2005%20,%20	!invalid character '5' after array element
    [{"host":"10.1.23""port":8000},[],{},fa	!invalid character '"' after object key:value pair
    "a":[1,-2.5e3,"x\n\u00e9],"b":{"c":nul	!invalid character ':' after top-level value
    [{"host":"10.1.2.3","port":8000},[],{},false,"\ud83d\ude.00"]	!invalid escape sequence `\ude.0` in string
    %20%201+e2%20,%200.5%20,%20"q\""%20]%20	!invalid character '+' after top-level value
    [{"host":"10.1.2.3","port":8000},-[],{},false,"\ud83d\ude00"]	!invalid character '[' in numeric literal
    %20%20[-e2%20,%200.5	!invalid character 'e' in numeric literal
    [{"host":-10.1.2.3","port":8000},[],{},fals	!invalid character '.' after object key:value pair
    {"a":[1,-2.5e3,"x\n1\u00e9"],"b":{"c":null,"u":tru	!unexpected end of JSON input
    [{"host":"10.1.2.3","port":000},[],{},false,"\ud83d\ude00"]	!invalid character '0' after object key:value pair
    {"a":[1,-2.5e3,"x\n\u0e9"],"b1:{"c":null,"	!invalid escape sequence `\u0e9"` in string
    {"a":[1,-2.-e3,"x\n.u00e9"],"b":{"c":null,"d":true}}	!invalid character '-' in numeric literal
    {"a":[1,-.5e3,"x\n\u00e9"],"b":{"c":null,"d":true}}	!invalid character '.' in numeric literal
    [{"host":"10.1.2.3","\port":8000},[],{},false,"\ud83d\ude00]	!invalid escape sequence `\p` in string
    {]a":[1,-2t.5e3,"x\n\u00e9"],"b":{"c":null,"d":true}}	!invalid character ']' looking for beginning of object key string
    %20%20[1e2%20,%200.5%20,%20"q\"1%20]%20	!unexpected end of JSON input
    {"":[1,-2.5e3,"x\n\u00e9"],"b":-"c":null,"d":true}}	!invalid character '"' in numeric literal
    %20%20[1e2%20,%200.5%20,\"q\""%20]%20	!invalid character '\\' looking for beginning of value
    %20%20[e2%20,%200.5%20,%20"q\""%20]%20	!invalid character 'e' looking for beginning of value
    [{"host":"10.1.2.3","por]":8000},[],{},	!unexpected end of JSON input
    [{"host":"10.1.23","port":8000},[],{},false,"\ud83d\ude00%01]	!invalid character '\x01' in string
    [{"host":"101	!unexpected end of JSON input
    [{"host":"10.1.2.3","port":8000},[],{,fase,"\ud83d\ude00"]	!invalid character ',' looking for beginning of object key string
    {"a":[1,-2.5e3,"x\%01n\u00e9"],"b":{"c":null,"d":true}}	!invalid escape sequence "\\\x01" in string
    {"a":[1,-.5e3,"x\n\u00e9"],"b":{"c"%01:null,"d":true}}	!invalid character '.' in numeric literal
    +%20%20[10e2%20,%200.5%20,%20"q\""%20]%20	!invalid character '+' looking for beginning of value
    {"a":[1,-2.5e3,"x\n\u0e9"],"b":{"c":null,"d":true}}	!invalid escape sequence `\u0e9"` in string
    [{"host":"10.1.2.3","port":8000},[]	!unexpected end of JSON input
    %20%20[1e2%20,%200.5%20,%20""q\""%20	!invalid character 'q' after array element
    {"a":[1,-2.5e3,"x\n%0Au00e9","b":{"c":null,"d":true}}	!invalid character '\n' in string
    [{"host":"%0A0.1.2.3","port":8000},[],{},false,"\ud83d\ude00"]	!invalid character '\n' in string
    {"a":[1,-2.5e3,"n\n\u00e9"],b":{"c":null,"d":true}}	!invalid character 'b' looking for beginning of object key string
    [{"h"st":"10.1.2.3","port":8000},[],{},:alse,"\ud83d\ude00"]	!invalid character 's' after object key
    ["host":"1,.1.2.3","p	!invalid character ':' after array element
    %20%20[1e2%20,0.5%20,:%20"q\""%20]%20	!invalid character ':' looking for beginning of value
    [{host":"10.1.2.3","port":8000	!invalid character 'h' looking for beginning of object key string
    %20%20[1e2%20,%200.5%20,%20q\""%20{]%20	!invalid character 'q' looking for beginning of value
    %20%20[1e2n%20,%200.5,%20"q\"	!invalid character 'n' after array element
    %20%20[1e0%20	!unexpected end of JSON input
    [{"host":"10.1.2.3","port":8000},[],{},false,"\ud83d\ud%0100"]	!invalid escape sequence "\\ud\x0100" in string
    %20%20[1t2%20,%200.5%20,{%20"	!invalid character 't' after array element
    {"a":[1,-2.5e3,"x\n\u00e9"]"b":{"c":null,"d":true}%01	!invalid character '"' after object key:value pair
    [514.1623037730513423914e310]	!json: cannot unmarshal number 514.1623037730513423914e310 into .0 of type float64
    """#
