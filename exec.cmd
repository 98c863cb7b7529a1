@rem What "exec" is to other shells: npm scripts that serve start with it, so that no shell stands between npm and them.
@%*
