#include "frontend/rootbuild/skeleton.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	const char *path;
	uint32_t mode;
} directory[] = {
	{"/dev", 0755},      {"/dev/mqueue", 0755}, {"/dev/pts", 0755},   {"/dev/shm", 01777},
	{"/etc", 0755},      {"/home", 0755},       {"/media", 0755},     {"/mnt", 0755},
	{"/opt", 0755},      {"/proc", 0555},       {"/root", 0700},      {"/run", 0755},
	{"/srv", 0755},      {"/sys", 0555},        {"/tmp", 01777},      {"/usr", 0755},
	{"/usr/bin", 0755},  {"/usr/lib", 0755},    {"/usr/local", 0755}, {"/usr/local/bin", 0755},
	{"/usr/sbin", 0755}, {"/usr/share", 0755},  {"/var", 0755},       {"/var/cache", 0755},
	{"/var/lib", 0755},  {"/var/log", 0755},    {"/var/tmp", 01777},
};

/* Links into /usr where the host has merged them, else directories. */
static const char *const merged[] = {"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"};

static const struct manifest_entry links[] = {
	{.path = "/etc/mtab", .kind = MANIFEST_LINK, .mode = 0777, .text = "../proc/self/mounts"},
	{.path = "/var/lock", .kind = MANIFEST_LINK, .mode = 0777, .text = "/run/lock"},
	{.path = "/var/run", .kind = MANIFEST_LINK, .mode = 0777, .text = "/run"},
};

/* Standard numbers of Debian, base-passwd(5), which other distributions mostly share; nobody of the host's.
 */
static const char passwd_rest[] = "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
				  "bin:x:2:2:bin:/bin:/usr/sbin/nologin\n"
				  "sys:x:3:3:sys:/dev:/usr/sbin/nologin\n"
				  "mail:x:8:8:mail:/var/mail:/usr/sbin/nologin\n"
				  "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n";

static const struct {
	const char *path, *text;
} etc[] = {
	{"/etc/group", "root:x:0:\n"
		       "daemon:x:1:\n"
		       "bin:x:2:\n"
		       "sys:x:3:\n"
		       "adm:x:4:\n"
		       "tty:x:5:\n"
		       "disk:x:6:\n"
		       "mail:x:8:\n"
		       "utmp:x:43:\n"
		       "staff:x:50:\n"
		       "users:x:100:\n"
		       "nogroup:x:65534:\n"},
	{"/etc/nsswitch.conf", "passwd: files\n"
			       "group: files\n"
			       "shadow: files\n"
			       "hosts: files dns\n"
			       "networks: files\n"
			       "protocols: files\n"
			       "services: files\n"},
	{"/etc/hosts", "127.0.0.1 localhost\n"
		       "::1 localhost ip6-localhost ip6-loopback\n"},
	{"/etc/hostname", "croft\n"},
	/* There to be mounted on: a read-only root can get no new name. */
	{"/etc/resolv.conf", ""},
	{"/etc/profile", "# for login shells\n"
			 "if [ \"$(id -u 2>/dev/null || echo 0)\" = 0 ]; then\n"
			 "\tPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
			 "else\n"
			 "\tPATH=/usr/local/bin:/usr/bin:/bin\n"
			 "fi\n"
			 "export PATH\n"
			 "if [ -n \"$BASH_VERSION\" ]; then\n"
			 "\tif [ -r /etc/bash.bashrc ]; then\n"
			 "\t\t. /etc/bash.bashrc\n"
			 "\tfi\n"
			 "elif [ -n \"$PS1\" ]; then\n"
			 "\tPS1='$ '\n"
			 "fi\n"},
	{"/etc/bash.bashrc", "# for interactive shells\n"
			     "if [ -n \"$PS1\" ]; then\n"
			     "\tshopt -s checkwinsize\n"
			     "\tPS1='\\u@\\h:\\w\\$ '\n"
			     "fi\n"},
};

static int put_dir(struct manifest *m, const char *path, uint32_t mode, struct err *e)
{
	const struct manifest_entry entry = {.path = path, .kind = MANIFEST_DIR, .mode = mode};

	return manifest_put(m, &entry, e);
}

static int put_text(struct manifest *m, const char *path, const char *text, struct err *e)
{
	const struct manifest_entry entry = {.path = path, .kind = MANIFEST_TEXT, .mode = 0644, .text = text};

	return manifest_put(m, &entry, e);
}

int skeleton_directories(struct manifest *m, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(directory) && r == 0; i++)
		r = put_dir(m, directory[i].path, directory[i].mode, e);
	for (size_t i = 0; i < ARRAY_SIZE(merged) && r == 0; i++)
		r = manifest_add_optional(m, merged[i], e);
	for (size_t i = 0; i < ARRAY_SIZE(links) && r == 0; i++)
		r = manifest_put(m, &links[i], e);
	return r;
}

/* A shell by the name people give it: the way there is in the list, as a file or as a link. */
static bool has_command(const struct manifest *m, const char *name)
{
	char path[32];

	snprintf(path, sizeof(path), "/usr/bin/%s", name);
	if (manifest_find(m, path))
		return true;
	snprintf(path, sizeof(path), "/bin/%s", name);
	return manifest_find(m, path) != NULL;
}

static int put_passwd(struct manifest *m, struct err *e)
{
	char text[sizeof(passwd_rest) + 64];

	snprintf(text, sizeof(text), "root:x:0:0:root:/root:/bin/%s\n%s",
		 has_command(m, "bash") ? "bash" : "sh", passwd_rest);
	return put_text(m, "/etc/passwd", text, e);
}

int skeleton_texts(struct manifest *m, struct err *e)
{
	int r = put_passwd(m, e);

	for (size_t i = 0; i < ARRAY_SIZE(etc) && r == 0; i++)
		r = put_text(m, etc[i].path, etc[i].text, e);
	return r;
}
