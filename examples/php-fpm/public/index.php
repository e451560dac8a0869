<?php
// /?ms=2000 takes two seconds, and is answered even if the container is told to stop meanwhile.
$ms = min(max((int) ($_GET['ms'] ?? 0), 0), 30000);
usleep($ms * 1000);
header('Content-Type: text/plain');
echo "PHP answered after $ms ms\n";
