import ConfdCore
