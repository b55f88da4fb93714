import ConfdCore

Program.exit(Program.run())
