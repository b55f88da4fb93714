import TextTemplate

/// `address`, for the key and value of a `[service]` only.
enum ServiceFunctions {
    static let table: [String: Function] = [
        "address": Function([]) { (arguments) throws(FunctionError) in
            do throws(EnvironmentError) {
                return .string(try arguments.rendering.environment.localAddress())
            } catch {
                throw FunctionError(.environment(error))
            }
        }
    ]
}
