module fmtgen
go 1.27
