/*
 * The compiler of the sections: JavaScript in, QuickJS-ng bytecode out, built
 * from the same engine source that will read it. Runs at build time only.
 *
 *     bytecode IN.js OUT.qbc
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quickjs.h"

static char *read_file(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END))
        return NULL;
    *length = (size_t)ftell(file);
    rewind(file);
    char *text = malloc(*length + 1);
    if (!text || fread(text, 1, *length, file) != *length)
        return NULL;
    text[*length] = '\0';
    fclose(file);
    return text;
}

int main(int argc, char **argv)
{
    size_t length, size;
    char *text = argc == 3 ? read_file(argv[1], &length) : NULL;
    if (!text) {
        fprintf(stderr, "usage: bytecode IN.js OUT.qbc\n");
        return 64;
    }
    JSRuntime *runtime = JS_NewRuntime();
    JSContext *context = JS_NewContext(runtime);
    /* The file's name is a constant: no path of the build machine gets into the binary. */
    JSValue code = JS_Eval(context, text, length, "section",
                           JS_EVAL_TYPE_GLOBAL | JS_EVAL_FLAG_COMPILE_ONLY);
    if (JS_IsException(code)) {
        JSValue error = JS_GetException(context);
        fprintf(stderr, "%s: %s\n", argv[1], JS_ToCString(context, error));
        return 1;
    }
    uint8_t *bytes = JS_WriteObject(context, &size, code,
                                    JS_WRITE_OBJ_BYTECODE | JS_WRITE_OBJ_STRIP_SOURCE |
                                        JS_WRITE_OBJ_STRIP_DEBUG);
    /*
     * No check sum: it would be computed at every start over bytes that the
     * kernel has loaded from our own binary. All ones mean so (JS_ReadObject).
     */
    if (bytes && size > 5)
        memset(bytes + 1, 0xff, 4);
    FILE *out = fopen(argv[2], "wb");
    if (!bytes || !out || fwrite(bytes, 1, size, out) != size || fclose(out)) {
        fprintf(stderr, "cannot write %s\n", argv[2]);
        return 1;
    }
    return 0;
}
