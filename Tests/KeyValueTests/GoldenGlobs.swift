// Recorded from the oracle, that is, from real Go with confd's functions. A row is query, argument and answer, parted
// by tabs. Each name in an answer is followed by `;`; `-` is no name at all and `!` is "syntax error in pattern".

let goldenGlobs = [
    Golden(
        store: "regular",
        answers: #"""
            gets	/*	/app;/app0;/other;
            gets	/**	/app;/app0;/other;
            gets	/*/*	/app-x/y;/app.d/z;/app/name;/x-/q;/x/y.z;
            gets	/*/*/*	/app/db-2/host;/app/db/host;/app/db/port;/x/y/z;
            gets	/a*	/app;/app0;
            gets	/app/*	/app/name;
            gets	/app*	/app;/app0;
            gets	/app?*	/app0;
            gets	/app/*/host	/app/db-2/host;/app/db/host;
            gets	/app/*/*	/app/db-2/host;/app/db/host;/app/db/port;
            gets	/app/d?/*	/app/db/host;/app/db/port;
            gets	/app/db/*	/app/db/host;/app/db/port;
            gets	/app/db*/host	/app/db-2/host;/app/db/host;
            gets	*/app	/app;
            gets	/*/y	/app-x/y;
            gets	/*/*/z	/x/y/z;
            gets	/x/*/z	/x/y/z;
            gets	/x/y?z	/x/y.z;
            gets	/x/y[/]z	/x/y/z;
            gets	/x/y[^a]z	/x/y.z;/x/y/z;
            gets	/x/y[.-/]z	/x/y.z;/x/y/z;
            gets	/x[^a]y[^a]z	/x/y.z;/x/y/z;
            gets	/x/*[^a]z	/x/y.z;/x/y/z;
            gets	/[a-x]*	/app;/app0;/other;
            gets	/[a-x]*/*	/app-x/y;/app.d/z;/app/name;/x-/q;/x/y.z;
            gets	/[^a]*	/other;
            gets	/[^a]/*	/x/y.z;
            gets	[/]*	/app;/app0;/other;
            gets	[^a]*	/app;/app0;/other;
            gets	[^/]*	-
            gets	/app\/name	/app/name;
            gets	/app/na\me	/app/name;
            gets	/\app	/app;
            gets	\/app	/app;
            gets	/app/[n]ame	/app/name;
            gets	/app/na[l-n]e	/app/name;
            gets	/s/*/a	-
            gets	/s/??	-
            gets	/s/[\-]	-
            gets	*b	-
            gets	a*	-
            gets	/a/*	-
            gets	/a/b/*	-
            gets	/k*	-
            gets	/?*	/app;/app0;/other;
            gets	/*?	/app;/app0;/other;
            gets	*k	-
            gets	*/*	/app;/app0;/other;
            gets	*/*/*	/app-x/y;/app.d/z;/app/name;/x-/q;/x/y.z;
            gets	*/*/*/*	/app/db-2/host;/app/db/host;/app/db/port;/x/y/z;
            gets	/s/1*1/b	-
            gets	/s/[1]*/[^b]	-
            gets	/[z-a]	-
            """#),
    Golden(
        store: "dotted",
        answers: #"""
            gets	*	-
            gets	/*	/.;/..x;/.top;
            gets	/**	/.;/..x;/.top;
            gets	/?	/.;
            gets	/*/*	/..top/x;/app/...;/app/.h;
            gets	/*/*/*	/app/..data/y;/app/.hidden/x;/app/a.b/c;
            gets	/app/*	/app/...;/app/.h;
            gets	/app/*/*	/app/..data/y;/app/.hidden/x;/app/a.b/c;
            gets	/app/d?/*	-
            gets	/*/y	-
            gets	/x/y?z	-
            gets	/x[^a]y[^a]z	-
            gets	/x/*[^a]z	-
            gets	/[a-x]*	-
            gets	/[a-x]*/*	/app/...;/app/.h;
            gets	/[^a]*	/.;/..x;/.top;
            gets	[/]*	/.;/..x;/.top;
            gets	[^a]*	/.;/..x;/.top;
            gets	/app/na[l-n]e	-
            gets	/s/?/b	-
            gets	/s/a\\b	-
            gets	/s/?	-
            gets	/s/*[0-9]	-
            gets	a*	-
            gets	/a/*	-
            gets	/app/*/	-
            gets	/k	-
            gets	/?*	/.;/..x;/.top;
            gets	/*?	/.;/..x;/.top;
            gets	*/*	/.;/..x;/.top;
            gets	*/*/*	/..top/x;/app/...;/app/.h;
            gets	*/*/*/*	/app/..data/y;/app/.hidden/x;/app/a.b/c;
            gets	/s/*1/*	-
            gets	/s/[1]*/[^b]	-
            """#),
    Golden(
        store: "odd",
        answers: #"""
            gets		;
            gets	*	;.;..;a;
            gets	**	;.;..;a;
            gets	?	.;a;
            gets	/*	/;/a;
            gets	/**	/;/a;
            gets	/?	/a;
            gets	/*/*	//;//a;/a/;/b/;
            gets	/*/*/*	/./b/e;//a/b;/a/../b;/a/./b;/a//b;/a/b/;/a/b/.;/a/b/..;
            gets	/a*	/a;
            gets	/app/*	-
            gets	/app*	-
            gets	/app/*/*	-
            gets	/app/d?/*	-
            gets	/app/db*/host	-
            gets	/x/*/z	-
            gets	/x/*[^a]z	-
            gets	/x[/-]*	!
            gets	/[a-x]*	/a;
            gets	/[a-x]*/*	/a/;/b/;
            gets	/[^a]*	//;//a;
            gets	/[^a]/*	/b/;
            gets	[/]*	/;/a;
            gets	[^a]*	.;..;/;/a;
            gets	[^/]*	.;..;a;
            gets	/app/na\me	-
            gets	/app/[n]ame	-
            gets	/s/*/c	-
            gets	/s/1*/b	-
            gets	/s/?/b	-
            gets	/s/[^2-4]/b	-
            gets	/s/x\[y]	-
            gets	/s/x[[]y[]]	!
            gets	/s/?	-
            gets	/s/[é]	-
            gets	/s/[a-é]	-
            gets	/s/[-]	!
            gets	/s/[\-]	-
            gets	/s/[+--]	!
            gets	/s/*[0-9]	-
            gets	a*	a;
            gets	a/*	a/;a/b;
            gets	a/?	a/b;
            gets	/a/*	/a/;
            gets	/a/*/*	/a/../b;/a/./b;/a//b;/a/b/;/a/b/.;/a/b/..;
            gets	/a//*	/a//b;
            gets	//*	//;//a;
            gets	/*/	//;/a/;/b/;
            gets	*/	/;a/;
            gets	/a/b/*	/a/b/;/a/b/.;/a/b/..;
            gets	./*	./a;
            gets	../*	../x;
            gets	/k	-
            gets	/?*	/a;
            gets	/*?	/a;
            gets	*/*	../x;./a;/;/a;a/;a/b;
            gets	*/*/*	../x/y;./a/b;//;//a;/a/;/b/;a//b;a/b/c;
            gets	*/*/*/*	/./b/e;//a/b;/a/../b;/a/./b;/a//b;/a/b/;/a/b/.;/a/b/..;
            gets	/s/*1/*	-
            gets	/s/1[/]a	-
            gets	[	!
            gets	[]	!
            gets	[^]	!
            gets	[a	!
            gets	[a-	!
            gets	[a-]	!
            gets	[-a]	!
            gets	[]a]	!
            gets	[^	!
            gets	a[	!
            gets	/app[	!
            gets	/app/[	!
            gets	/app/db/[	!
            gets	/nope[	!
            gets	/nope/[a-	!
            gets	\	!
            gets	/a\	!
            gets	*\	!
            gets	*[	!
            gets	/*[	!
            gets	a*[	!
            gets	/app*[	!
            gets	[\	!
            gets	[\]	!
            gets	[a\	!
            gets	[a\]	!
            gets	/[a-]*]	!
            gets	/[z-a]	-
            gets	*[a-]*	!
            gets	/app/*/[	!
            gets	/app/na?[^	!
            gets	x[]	!
            gets	[[a*]	a;
            gets	/*/[]	!
            gets	[*	!
            gets	[*]	-
            gets	/app/[*]	-
            gets	?[	!
            gets	/?[	!
            """#),
    Golden(
        store: "none",
        answers: #"""
            gets	?	-
            gets	/app/*/*	-
            gets	/x/y?z	-
            gets	/x/y[.-/]z	-
            gets	/app\/name	-
            gets	/s/é	-
            gets	/s/[+--]	-
            gets	/a//*	-
            gets	*/	-
            gets	[]	-
            gets	[-a]	-
            gets	/nope[	-
            gets	\	-
            gets	*[	-
            gets	a*[	-
            gets	[a\	-
            gets	/?[	-
            """#),
    Golden(
        store: "one",
        answers: #"""
            gets		-
            gets	/*	/k;
            gets	/**	/k;
            gets	/?	/k;
            gets	/[a-x]*	/k;
            gets	/[^a]*	/k;
            gets	[/]*	/k;
            gets	[^a]*	/k;
            gets	/app/[n]ame	-
            gets	/s/*/c/*	-
            gets	/s/[-]	!
            gets	a/?	-
            gets	/a//*	-
            gets	/k	/k;
            gets	/k*	/k;
            gets	/?*	/k;
            gets	/*?	/k;
            gets	*/*	/k;
            gets	[a-	!
            gets	/app[	!
            gets	/app/[	!
            gets	/nope/[a-	!
            gets	\	!
            gets	*[	!
            gets	/*[	!
            gets	[\	!
            gets	[\]	!
            gets	x[]	!
            gets	[\*]*	-
            gets	[*]	-
            gets	/?[	!
            """#),
    Golden(
        store: "wide",
        answers: #"""
            gets	/*	/t;
            gets	/**	/t;
            gets	/?	/t;
            gets	/*/*	/s/-;/s/a*b;/s/a\b;/s/x[y];/s/é;
            gets	/*/*/*	/s/0/a;/s/0/b;/s/1/a;/s/1/b;/s/10/a;/s/10/b;/s/11/a;/s/11/b;/s/2/a;/s/2/b;/s/3/a;/s/3/b;/s/4/a;/s/4/b;/s/5/a;/s/5/b;/s/6/a;/s/6/b;/s/7/a;/s/7/b;/s/8/a;/s/8/b;/s/9/a;/s/9/b;
            gets	*/app	-
            gets	/[a-x]*	/t;
            gets	/[a-x]*/*	/s/-;/s/a*b;/s/a\b;/s/x[y];/s/é;
            gets	/[^a]*	/t;
            gets	/[^a]/*	/s/-;/s/a*b;/s/a\b;/s/x[y];/s/é;
            gets	[/]*	/t;
            gets	[^a]*	/t;
            gets	/s/*/a	/s/0/a;/s/1/a;/s/10/a;/s/11/a;/s/2/a;/s/3/a;/s/4/a;/s/5/a;/s/6/a;/s/7/a;/s/8/a;/s/9/a;
            gets	/s/*/c/*	/s/0/c/d;/s/1/c/d;/s/10/c/d;/s/11/c/d;/s/2/c/d;/s/3/c/d;/s/4/c/d;/s/5/c/d;/s/6/c/d;/s/7/c/d;/s/8/c/d;/s/9/c/d;
            gets	/s/1*/b	/s/1/b;/s/10/b;/s/11/b;
            gets	/s/?/b	/s/0/b;/s/1/b;/s/2/b;/s/3/b;/s/4/b;/s/5/b;/s/6/b;/s/7/b;/s/8/b;/s/9/b;
            gets	/s/[2-4]/b	/s/2/b;/s/3/b;/s/4/b;
            gets	/s/[^2-4]/b	/s/0/b;/s/1/b;/s/5/b;/s/6/b;/s/7/b;/s/8/b;/s/9/b;
            gets	/s/*/*	/s/0/a;/s/0/b;/s/1/a;/s/1/b;/s/10/a;/s/10/b;/s/11/a;/s/11/b;/s/2/a;/s/2/b;/s/3/a;/s/3/b;/s/4/a;/s/4/b;/s/5/a;/s/5/b;/s/6/a;/s/6/b;/s/7/a;/s/7/b;/s/8/a;/s/8/b;/s/9/a;/s/9/b;
            gets	/s/*/*/*	/s/0/c/d;/s/1/c/d;/s/10/c/d;/s/11/c/d;/s/2/c/d;/s/3/c/d;/s/4/c/d;/s/5/c/d;/s/6/c/d;/s/7/c/d;/s/8/c/d;/s/9/c/d;
            gets	/s/x\[y]	/s/x[y];
            gets	/s/x[[]y]	/s/x[y];
            gets	/s/a\*b	/s/a*b;
            gets	/s/a\\b	/s/a\b;
            gets	/s/?	/s/-;/s/é;
            gets	/s/é	/s/é;
            gets	/s/[é]	/s/é;
            gets	/s/[a-é]	/s/é;
            gets	/s/[\-]	/s/-;
            gets	a/?	-
            gets	/app/*/	-
            gets	/?*	/t;
            gets	/*?	/t;
            gets	*/*	/t;
            gets	*/*/*	/s/-;/s/a*b;/s/a\b;/s/x[y];/s/é;
            gets	*/*/*/*	/s/0/a;/s/0/b;/s/1/a;/s/1/b;/s/10/a;/s/10/b;/s/11/a;/s/11/b;/s/2/a;/s/2/b;/s/3/a;/s/3/b;/s/4/a;/s/4/b;/s/5/a;/s/5/b;/s/6/a;/s/6/b;/s/7/a;/s/7/b;/s/8/a;/s/8/b;/s/9/a;/s/9/b;
            gets	/s/*1/*	/s/1/a;/s/1/b;/s/11/a;/s/11/b;
            gets	/s/1*1/b	/s/11/b;
            gets	/s*/1/a	/s/1/a;
            gets	/s/*/[a]	/s/0/a;/s/1/a;/s/10/a;/s/11/a;/s/2/a;/s/3/a;/s/4/a;/s/5/a;/s/6/a;/s/7/a;/s/8/a;/s/9/a;
            gets	/s/[1]*/[^b]	/s/1/a;/s/10/a;/s/11/a;
            gets	/s/1/c[^x]d	/s/1/c/d;
            gets	/s/1[/]a	/s/1/a;
            gets	/s/[0-9/]*/a	/s/0/a;/s/1/a;/s/10/a;/s/11/a;/s/2/a;/s/3/a;/s/4/a;/s/5/a;/s/6/a;/s/7/a;/s/8/a;/s/9/a;
            """#),
]
