import ConfdCore

exit(Program.run(CommandLine.arguments))
