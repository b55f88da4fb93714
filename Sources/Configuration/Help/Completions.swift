import Backends

/// Scripts that let shells complete confd's command line, made from the option table.
enum Completions {
    /// For bash, with or without its package of completions; saved as `confd` in a directory of those.
    static var bash: String {
        let ownCases = withOptions.map { subcommand in
            """
                \(subcommand.rawValue))
                    own='\(flags(subcommand.ownOptions))'
                    case $option in
            \(bashCases(subcommand.ownOptions, indent: 8))
                    esac ;;
            """
        }
        return """
            # Completions of confd for bash, made by: confd -help=bash
            _confd_words() {
                COMPREPLY=($(compgen -W "$1" -- "$word"))
            }
            # Options with two dashes: the same words with one more in front.
            _confd_long() {
                COMPREPLY=($(compgen -P - -W "$1" -- "${word#-}"))
            }
            _confd() {
                local word=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD - 1]} own= index
                COMPREPLY=()
                for ((index = 1; index < COMP_CWORD; index++)); do
                    [[ ${COMP_WORDS[index]} == -- ]] || continue
                    # The command to run, and then its own words.
                    if ((index == COMP_CWORD - 1)); then
                        COMPREPLY=($(compgen -c -- "$word"))
                    else
                        compopt -o default
                    fi
                    return
                done
                # -option=value is three words to bash.
                if [[ $word == = ]]; then
                    word=
                elif [[ $option == = ]]; then
                    option=${COMP_WORDS[COMP_CWORD - 2]}
                fi
                # The options of a sub-command stand before those of all.
                case ${COMP_WORDS[1]} in
            \(ownCases.joined(separator: "\n"))
                esac
                case $option in
            \(bashCases(options, indent: 4))
                esac
                if [[ $word == --?* ]]; then
                    _confd_long "$own \(flags(options))"
                else
                    _confd_words "$own \(flags(options)) -- \(words.joined(separator: " "))"
                fi
            }
            complete -F _confd confd
            """
    }

    private static func flags(_ options: [Option]) -> String { options.map { "-\($0.name)" }.joined(separator: " ") }

    /// What follows each option.
    private static func bashCases(_ options: [Option], indent: Int) -> String {
        options.compactMap { option -> String? in
            let names = ([option.name] + option.aliases).flatMap { ["-\($0)", "--\($0)"] }.joined(separator: "|")
            let action: String? =
                switch value(option) {
                case .none: nil
                case .anything: "return ;;"
                case .words(let words): "_confd_words '\(words.joined(separator: " "))'; return ;;"
                case .files: "compopt -o default; return ;;"
                case .folders: "compopt -o dirnames; return ;;"
                }
            return action.map { String(repeating: " ", count: indent) + "\(names)) \($0)" }
        }.joined(separator: "\n")
    }

    /// For zsh; saved as `_confd` in a directory of `fpath`.
    static var zsh: String {
        let ownCases = withOptions.map { subcommand in
            """
            \(subcommand.rawValue)) specifications+=(
            \(specifications(subcommand.ownOptions))
                ) ;;
            """
        }
        let others = replaced.map { subcommand, option in
            """
            [[ ${words[2]} == \(subcommand.rawValue) ]] || specifications+=(
            \(specifications([option]))
            )
            """
        }
        return """
            #compdef confd
            # Completions of confd for zsh, made by: confd -help=zsh
            local command=${words[(i)--]}
            if (( command < CURRENT )); then
                shift $command words
                (( CURRENT -= command ))
                _normal
                return
            fi
            local -a specifications=(
            \(specifications(options.filter { option in !replaced.contains { $0.option === option } }))
            )
            \(others.joined(separator: "\n"))
            case ${words[2]} in
            \(ownCases.joined(separator: "\n"))
            esac
            # Options with two dashes: alone where one is being written (or --on would match -sync-only), else known too.
            if [[ $PREFIX == --* ]]; then
                specifications=("${specifications[@]/-/--}")
            elif (( ${words[(I)--?*]} )); then
                specifications+=("${specifications[@]/-/--}")
            fi
            _arguments "${specifications[@]}" \\
                '1:backend or sub-command:(\(words.joined(separator: " ")))'
            """
    }

    private static func specifications(_ options: [Option]) -> String {
        options.map { option in
            let action =
                switch value(option) {
                case .none: ""
                case .anything: ":\(option.placeholder): "
                case .words(let words): ":\(option.placeholder):(\(words.joined(separator: " ")))"
                case .files: ":\(option.placeholder):_files"
                case .folders: ":\(option.placeholder):_files -/"
                }
            let repeated = if case .list = option.setter { "*" } else { "" }
            let help = escaped(option.help, ["[": "\\[", "]": "\\]", "'": "'\\''"])
            return "    '\(repeated)-\(option.name)\(action.isEmpty ? "" : "=")[\(help)]\(action)'"
        }.joined(separator: "\n")
    }

    /// For fish; saved as `confd.fish` in a directory of its completions.
    static var fish: String {
        let general = options.map { option in
            fish(
                option,
                condition: replaced.first { $0.option === option }.map { "not __confd_first \($0.subcommand.rawValue)" }
            )
        }
        let own = withOptions.flatMap { subcommand in
            subcommand.ownOptions.map { fish($0, condition: "__confd_first \(subcommand.rawValue)") }
        }
        return """
            # Completions of confd for fish, made by: confd -help=fish
            function __confd_command
                set -l words (commandline -opc)
                set -l command $words[(math 1 + (contains -i -- -- $words))..]
                complete -C (string join ' ' -- (string escape -- $command) (commandline -ct))
            end
            function __confd_first
                test (commandline -opc)[2] = $argv[1] 2>/dev/null
            end
            complete -c confd -f
            complete -c confd -n 'not contains -- -- (commandline -opc)' -a '\(words.joined(separator: " "))'
            complete -c confd -n 'contains -- -- (commandline -opc)' -a '(__confd_command)'
            \((general + own).joined(separator: "\n"))
            """
    }

    private static func fish(_ option: Option, condition: String?) -> String {
        let action =
            switch value(option) {
            case .none: ""
            case .anything: " -x"
            case .words(let words): " -x -a '\(words.joined(separator: " "))'"
            case .files: " -r -F"
            case .folders: " -x -a '(__fish_complete_directories)'"
            }
        let help = escaped(option.help, ["\\": "\\\\", "'": "\\'"])
        let when = condition.map { " -n '\($0)'" } ?? ""
        return "complete -c confd\(when) -o \(option.name) -l \(option.name)\(action) -d '\(help)'"
    }

    /// The sub-commands with options that only they have.
    private static var withOptions: [Subcommand] { Subcommand.allCases.filter { !$0.ownOptions.isEmpty } }

    /// The options in whose place a sub-command has one of the same name.
    private static var replaced: [(subcommand: Subcommand, option: Option)] {
        withOptions.flatMap { subcommand in
            options.filter { option in subcommand.ownOptions.contains { $0.name == option.name } }
                .map { (subcommand, $0) }
        }
    }

    /// The words, other than options, that can stand first.
    private static var words: [String] { BackendRegistry.names + Subcommand.allCases.map(\.rawValue) }

    /// The kinds of values that can follow an option.
    private enum Value {
        case none, anything, files, folders
        case words([String])
    }

    private static func value(_ option: Option) -> Value {
        if option.name == "backend" { return .words(BackendRegistry.names) }
        if case .choice(let choices, _) = option.setter { return .words(choices) }
        switch option.placeholder {
        case "": return .none
        case "FILE": return .files
        case "DIR": return .folders
        default: return .anything
        }
    }

    /// The options that have an effect.
    private static var options: [Option] { OptionTable.all.filter { $0.group != .compatibility } }

    private static func escaped(_ text: String, _ escapes: [Character: String]) -> String {
        text.map { escapes[$0] ?? String($0) }.joined()
    }
}
