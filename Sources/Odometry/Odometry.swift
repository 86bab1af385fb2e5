// Odometry
