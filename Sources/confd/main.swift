import ConfdCore

Program.exit(Program.run(CommandLine.arguments))
