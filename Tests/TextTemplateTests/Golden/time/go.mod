module timegen
go 1.27
