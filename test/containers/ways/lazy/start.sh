#!/bin/bash
sed "s/\$PORT/${PORT:-8080}/" nginx.conf > /tmp/nginx.conf
nginx -c /tmp/nginx.conf -g 'daemon off;' &
flask --app app run --port 8081 &
wait -n
